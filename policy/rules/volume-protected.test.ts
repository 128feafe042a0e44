import { expect, test } from "vitest";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./volume-protected.ts";

test("a volume is protected or refused", () => {
  expect(said(rule, declared("volume", "data", {}))).toEqual(["protect is not set"]);
  expect(said(rule, declared("volume", "data", {}, { protect: true }))).toEqual([]);
});
