import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RULES } from "../../policy/rules/index.ts";
import { limitOf, runSettings, SETTINGS_FILE } from "./settings.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-settings-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = (policies: object) => writeFileSync(join(root, SETTINGS_FILE), JSON.stringify({ policies }));
const settings = (more = {}) => runSettings({ root, rules: RULES, ...more });
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPxIyWJHBzqKxTd2ZcyX+rkkD0vkQUJ0p5mIc5yZ2P0";

test("the rules that the gate gives settings to are there: without them nothing would be limited", () => {
  const ids = RULES.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["monthly-budget", "separate-keys", "gpu-timers"]));
});

test("a project without a file has what its stack says", async () => {
  expect(await settings()).toEqual({ policies: {} });
  expect(await settings({ maxMonthlyUsd: 50, pricesFile: "/p.json" })).toEqual({
    policies: { "monthly-budget": { maxMonthlyUsd: 50 } },
    pricesFile: "/p.json",
  });
});

test.each([
  [30, 50, 30],
  [80, 50, 50],
])("of a policy's limit of %d and a stack's of %d the lower counts", async (own, stack, limit) => {
  file({ "monthly-budget": { maxMonthlyUsd: own, unknown: "refuse" } });
  const all = await settings({ maxMonthlyUsd: stack });
  expect(all.policies["monthly-budget"]).toMatchObject({ maxMonthlyUsd: limit, unknown: "refuse" });
  expect(limitOf({ policies: { "monthly-budget": { maxMonthlyUsd: own } } }, stack)).toBe(limit);
});

test("keys of other stacks come to those of the file", async () => {
  file({ "separate-keys": { otherKeys: { laptop: [KEY] } } });
  const { policies } = await settings({ otherKeys: { dev: [KEY], laptop: [KEY] } });
  expect(policies["separate-keys"]?.otherKeys).toEqual({ laptop: [KEY], dev: [KEY] });
});

test("a timer that the stack's own file turns off is somebody's decision, unless the policy says otherwise", async () => {
  expect((await settings({ timersOff: true })).policies["gpu-timers"]).toEqual({ allowOff: true });
  file({ "gpu-timers": { allowOff: false } });
  expect((await settings({ timersOff: true })).policies["gpu-timers"]).toMatchObject({ allowOff: false });
});

test("what is overridden only tells, whatever the file says", async () => {
  file({ "ssh-open": { level: "mandatory" }, "any-port-open": "disabled" });
  const overrides = [{ policy: "ssh-open", why: "w" }];
  expect((await settings({ overrides })).policies).toMatchObject({
    "ssh-open": { level: "advisory" },
    "any-port-open": { level: "disabled" },
  });
});
