import { expect, test } from "vitest";
import type { CheckCall } from "../engine/provider.ts";
import { type Properties, UNKNOWN } from "../engine/values.ts";
import { checkInputs, isExplicit } from "./check.ts";
import { diffProperties, rootOf } from "./diff.ts";
import type { Fields } from "./fields.ts";
import { autoname } from "./naming.ts";

const fields: Fields = {
  name: { type: "string", required: true },
  size: { type: "integer", required: true, minimum: 1 },
  region: { type: "string", stored: "lower", replaces: true, computed: true },
  kind: { type: "string", values: ["ext4", "xfs"] },
  script: { type: "string", stored: "sha1", replaces: true },
  key: { type: "string", compare: "trim" },
  on: { type: "boolean", default: false },
  tags: { type: "set", of: { type: "string", compare: "case" } },
  rules: {
    type: "set",
    of: {
      type: "object",
      fields: {
        port: { type: "string", required: true },
        from: { type: "set", of: { type: "string" } },
        action: { type: "string", default: "allow" },
      },
    },
  },
  extra: { type: "map", of: { type: "string" } },
  triggers: { type: "list", replaces: true },
};

function check(inputs: Properties, more: Partial<CheckCall> = {}) {
  const call = {
    inputs,
    oldInputs: {},
    name: "web",
    naming: { seed: new Uint8Array([1, 2, 3]) },
    ...more,
  } as CheckCall;
  return checkInputs(fields, call, { maxLength: 20 });
}

test("values are converted to the types of their fields, and defaults are filled in", () => {
  const { inputs, failures } = check({ name: 7, size: "12", on: "true", tags: [1] });
  expect(failures).toEqual([]);
  expect(inputs).toEqual({ name: "7", size: 12, on: true, tags: ["1"], __defaults: [] });
  expect(check({ name: "x", size: 1 }).inputs).toEqual({ name: "x", size: 1, on: false, __defaults: ["on"] });
});

test("everything that is wrong is said at once, each at its place", () => {
  const { failures } = check({
    name: "x",
    kind: "ntfs",
    colour: "red",
    on: "maybe",
    rules: [{ from: "x" }],
    tags: "a",
  });
  expect(failures).toEqual([
    { property: "kind", reason: 'expected kind to be one of ["ext4" "xfs"], got ntfs' },
    { property: "colour", reason: expect.stringMatching(/^Invalid or unknown key; known are extra, key, kind/) },
    { property: "on", reason: 'expected on to be true or false, got "maybe"' },
    { property: "rules[0].from", reason: 'expected rules[0].from to be a list, got "x"' },
    { property: "rules[0].port", reason: expect.stringContaining('The argument "rules[0].port" is required') },
    { property: "tags", reason: 'expected tags to be a list, got "a"' },
    {
      property: "size",
      reason: 'Missing required argument: The argument "size" is required, but no definition was found',
    },
  ]);
  expect(check({ name: "x", size: 0 }).failures).toHaveLength(1);
  expect(check({ name: "x", size: 1.5 }).failures).toHaveLength(1);
});

test("an unknown value is neither missing nor of the wrong type", () => {
  expect(check({ name: UNKNOWN, size: UNKNOWN, tags: ["a", UNKNOWN], rules: UNKNOWN }).failures).toEqual([]);
});

test("a name is made of the name in the program and seven digits that the seed decides", () => {
  const { name } = check({ size: 1 }).inputs;
  expect(name).toMatch(/^web-[0-9a-f]{7}$/);
  expect(check({ size: 1 }).inputs.name).toBe(name);
  expect(check({ size: 1 }, { naming: { seed: new Uint8Array([9]) } }).inputs.name).not.toBe(name);
});

test("an automatic name stays, an explicit one that is taken away does not", () => {
  expect(check({ size: 1 }, { oldInputs: { name: "web-1234567", __defaults: ["name"] } }).inputs.name).toBe(
    "web-1234567",
  );
  expect(check({ size: 1 }, { oldInputs: { name: "mine", __defaults: [] } }).inputs.name).toMatch(/^web-/);
});

test("the autonaming setting is honoured, and a name that is too long is refused", () => {
  const seed = new Uint8Array([1]);
  expect(check({ size: 1 }, { naming: { seed, proposed: "chosen" } }).inputs.name).toBe("chosen");
  expect(check({ size: 1 }, { naming: { seed, disabled: true } }).failures[0]).toMatchObject({ property: "name" });
  expect(check({ size: 1 }, { name: "a-very-long-logical-name" }).failures[0]?.reason).toMatch(/at most 20/);
  const lower = autoname({ maxLength: 64, lower: true }, { name: "Web", oldInputs: {}, naming: { seed } } as never);
  expect(lower).toMatch(/^web-/);
});

test("the inputs remember which of them were given", () => {
  const { inputs } = check({ size: 1 });
  expect([isExplicit(inputs, "size"), isExplicit(inputs, "name"), isExplicit(inputs, "on")]).toEqual([
    true,
    false,
    false,
  ]);
});

function diff(state: Properties, inputs: Properties, ignored: string[] = []) {
  return diffProperties(fields, state, inputs, ignored).map(
    ({ path, kind, replaces }) => `${kind} ${path}${replaces ? "!" : ""}`,
  );
}

test("only what means something else is a change", () => {
  const state = { region: "nyc3", script: "c78a28e2c9a5d0b7cd8d3a7b8f0d4e2a", key: "k\n", tags: ["B", "a"], on: false };
  expect(diff(state, { region: "NYC3", script: undefined as never, key: " k", tags: ["A", "b"] })).toEqual([
    "delete script!",
  ]);
  expect(diff({ script: "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33" }, { script: "foo" })).toEqual([]);
  expect(diff({ rules: [{ port: "1", from: ["b", "a"] }] }, { rules: [{ from: ["a", "b"], port: "1" }] })).toEqual([]);
});

test("what the cloud fills in is no change when it is not given; what was given and is taken away is one", () => {
  expect(diff({ region: "nyc3", tags: ["a"], extra: { A: "1" } }, {})).toEqual(["delete tags", "delete extra"]);
  expect(diff({ tags: [], extra: {}, on: false, key: "" }, {})).toEqual([]);
});

test("what is not given in an object is equal to its default", () => {
  expect(diff({ rules: [{ port: "1" }] }, { rules: [{ port: "1", action: "allow" }] })).toEqual([]);
  expect(diff({ rules: [{ port: "1", action: "allow" }] }, { rules: [{ port: "1" }] })).toEqual([]);
  expect(diff({ rules: [{ port: "1", action: "deny" }] }, { rules: [{ port: "1" }] })).toEqual(["update rules[0]"]);
});

test("changes name their place", () => {
  expect(diff({ tags: ["a", "b"] }, { tags: ["b", "c", "d"] })).toEqual([
    "delete tags[0]",
    "add tags[1]",
    "add tags[2]",
  ]);
  expect(diff({ rules: [{ port: "1" }] }, { rules: [{ port: "2" }] })).toEqual(["update rules[0]"]);
  expect(diff({ extra: { A: "1", "b c": "2" } }, { extra: { A: "2" } })).toEqual([
    "update extra.A",
    'delete extra["b c"]',
  ]);
  expect(diff({ triggers: ["a", 1] }, { triggers: ["a", 2] })).toEqual(["update triggers[1]!"]);
  expect(diff({ size: 1 }, { size: UNKNOWN })).toEqual(["update size"]);
  expect(diff({}, { region: "ams3" })).toEqual(["add region!"]);
});

test("ignored changes do not count, whatever part of the property they name", () => {
  expect(diff({ size: 1, tags: ["a"] }, { size: 2, tags: ["b"] }, ["size", "tags[0]"])).toEqual([]);
});

test("the root of a path is its property", () => {
  expect(["a", "a.b", "a[0].b", '["a b"].c'].map(rootOf)).toEqual(["a", "a", "a", "a b"]);
});
