import { expect, test } from "vitest";
import { UserError } from "./errors.ts";
import { failureLine, failuresIn } from "./failure-line.ts";

test("an error survives being quoted in the midst of other output", () => {
  const error = new UserError("BootstrapFailed", {
    step: "40-volume",
    reason: 'no "space"\nleft',
    suggestion: "make room",
  });
  const text = `error: exit status 1: running "x":\nsome output\n${failureLine(error)}\n\nmore\n${failureLine(error)}`;
  expect(failuresIn(text).map((found) => found.toJSON())).toEqual([error.toJSON()]);
});

test("text without such a line has no failures", () => {
  expect(failuresIn("windlass-error {broken\nall is well")).toEqual([]);
});
