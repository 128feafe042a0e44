import { expect, test } from "vitest";
import { Archive, Asset, decode, encode, hasUnknown, reveal, rewrapAll, Secret, same, UNKNOWN } from "./values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

test("what the engine sends comes back as it was", () => {
  const properties = {
    plain: "x",
    count: 3,
    on: false,
    list: [1, "two", [true]],
    hidden: new Secret({ password: "hunter22", nested: [new Secret("deep")] }),
    later: UNKNOWN,
    laterIn: { list: ["a", UNKNOWN] },
    file: new Asset({ hash: "abc", path: "./f" }),
    text: new Asset({ hash: "def", text: "hello" }),
    folder: new Archive({ hash: "123", assets: { "a/b": new Asset({ text: "inner" }) } }),
  };
  expect(decode(encode(properties))).toEqual(properties);
});

test("secrets, unknowns and assets have the engine's signatures on the wire", () => {
  const wire = encode({ a: new Secret("s"), b: UNKNOWN, c: new Asset({ path: "p" }) }).toJavaScript();
  expect(wire).toEqual({
    a: { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value: "s" },
    b: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    c: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", path: "p" },
  });
});

test("an unknown of any type is unknown", () => {
  const number = "3eeb2bf0-c639-47a8-9e75-3b44932eb421";
  expect(decode(encode({ n: number })).n).toBe(UNKNOWN);
});

test("properties that are null are as good as left out", () => {
  expect(decode(encode({ a: null, b: 1 }))).toEqual({ b: 1 });
});

test("reveal takes secrets off at every depth", () => {
  expect(reveal({ a: new Secret({ b: [new Secret("c")] }), d: 1 })).toEqual({ a: { b: ["c"] }, d: 1 });
});

test("what came in secret goes out secret", () => {
  const given = { whole: new Secret("s"), part: { open: "o", closed: new Secret("c") }, list: ["x", new Secret("y")] };
  const outputs = { whole: "changed", part: { open: "o", closed: "other" }, list: ["x", "y"], id: "1" };
  expect(rewrapAll(outputs, given)).toEqual({
    whole: new Secret("changed"),
    part: { open: "o", closed: new Secret("other") },
    list: ["x", new Secret("y")],
    id: "1",
  });
});

test("a list with a secret is secret as a whole when it is not the same list any more", () => {
  expect(rewrapAll({ list: ["y", "x"] }, { list: ["x", new Secret("y")] })).toEqual({ list: new Secret(["y", "x"]) });
});

test("what is secret in any of the originals stays secret", () => {
  expect(rewrapAll({ a: 1, b: 2 }, { a: new Secret(1) }, { b: new Secret(2) })).toEqual({
    a: new Secret(1),
    b: new Secret(2),
  });
});

test("unknowns are found at every depth", () => {
  expect(hasUnknown({ a: [{ b: new Secret(UNKNOWN) }] })).toBe(true);
  expect(hasUnknown({ a: [1] })).toBe(false);
});

test("assets are the same when their contents are", () => {
  expect(same(new Asset({ hash: "1", path: "a" }), new Asset({ hash: "1", path: "b" }))).toBe(true);
  expect(same(new Asset({ hash: "1", path: "a" }), new Asset({ hash: "2", path: "a" }))).toBe(false);
  expect(same({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
  expect(same({ a: 1 }, { a: 1, b: 2 })).toBe(false);
});
