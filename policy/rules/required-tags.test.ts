import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./required-tags.ts";

const settings = { tags: ["owner:*", "env:prod"] };
const web = (tags: unknown) => declared("droplet", "web", { tags });

test.each([
  [undefined, "tags has none; missing: owner:*, env:prod"],
  [["env:prod"], "tags has env:prod; missing: owner:*"],
  [["env:prod", UNKNOWN], "missing as far as they are known before the update: owner:*"],
  [UNKNOWN, "missing as far as they are known before the update: owner:*, env:prod"],
  [["env:production", "owner:"], "missing: env:prod"],
])("tags %j are not enough", (tags, message) => {
  expect(said(rule, web(tags), settings)).toEqual([expect.stringContaining(message)]);
});

test("letter case does not count, and further tags do not matter", () => {
  expect(said(rule, web(["OWNER:ada", "Env:Prod", "x", UNKNOWN]), settings)).toEqual([]);
  expect(said(rule, web(["owner:ada"]), { tags: ["Owner:*"] })).toEqual([]);
});

test("a pool is judged by the tags of its droplets", () => {
  const tags = ["owner:ada", "env:prod"];
  expect(said(rule, declared("dropletAutoscale", "x", { dropletTemplate: { tags } }), settings)).toEqual([]);
  expect(said(rule, declared("dropletAutoscale", "x", { dropletTemplate: UNKNOWN }), settings)).toHaveLength(1);
});

test("only listed types, and none where no tags are set", () => {
  expect(said(rule, web([]), { ...settings, types: ["volume"] })).toEqual([]);
  expect(said(rule, declared("volume", "data", {}), { ...settings, types: ["volume"] })).toHaveLength(1);
  expect(said(rule, web([]))).toEqual([]);
  expect(rule.settings.safeParse({ types: ["firewall"] }).success).toBe(false);
});
