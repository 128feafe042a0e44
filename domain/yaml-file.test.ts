import { expect, test } from "vitest";
import { z } from "zod";
import { readYamlFile, YamlText } from "./yaml-file.ts";

const schema = z.strictObject({
  name: z.string(),
  rules: z.array(z.strictObject({ above: z.number(), seconds: z.number().optional() })).optional(),
});
const read = (text: string) => readYamlFile(text, "rules.yaml", schema);

test("what fits the schema is read", () => {
  expect(read("name: a\nrules: [{above: 1}]")).toEqual({ name: "a", rules: [{ above: 1 }] });
});

test("every mistake is told with its line, an unknown key with the nearest one", () => {
  expect(() => read("name: 7\nrules:\n  - above: 1\n    secnds: 2\n  - seconds: x\n    above: 1\n")).toThrow(
    expect.objectContaining({
      code: "ConfigInvalid",
      details: {
        reason: "rules.yaml:1: name: Invalid input: expected string, received number",
        suggestion: "mend the file there",
        file: "rules.yaml",
        line: 1,
        also: [
          "rules.yaml:4: rules.0.secnds: there is no such key; did you mean seconds?",
          "rules.yaml:5: rules.1.seconds: Invalid input: expected number, received string",
        ],
      },
    }),
  );
});

test("broken YAML is told with its line", () => {
  expect(() => read("name: a\nrules: [\n")).toThrow(/^rules\.yaml:[23]: /);
});

test("a path leads to the deepest part of it that is written", () => {
  const yaml = new YamlText("# a comment\nname: a\nrules:\n  - above: 1\n  -\n    above: 2\n");
  expect(yaml.find(["rules", 1, "above"])).toEqual({ line: 6, depth: 3 });
  expect(yaml.find(["rules", 0, "seconds"])).toEqual({ line: 4, depth: 2 });
  expect(yaml.find(["rules", 2])).toEqual({ line: 3, depth: 1 });
  expect(yaml.find(["none"])).toEqual({ line: 1, depth: 0 });
});

test.each([
  ["a: 1\nb: *nowhere\n", /^f\.yaml:2: Unresolved alias/],
  [
    `a: &a [${"x,".repeat(20)}]\n${[..."bcdefg"].map((key, n) => `${key}: &${key} [${`*${"abcdef"[n]},`.repeat(20)}]`).join("\n")}\n`,
    /^f\.yaml:1: Excessive alias count/,
  ],
])("aliases that cannot be followed are a mistake of the file", (text, reason) => {
  expect(() => new YamlText(text).value("f.yaml")).toThrow(reason);
});
