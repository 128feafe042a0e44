import { expect, test } from "vitest";
import { z } from "zod";
import { readTomlFile, tomlLine } from "./toml-file.ts";

const schema = z.strictObject({ gpu: z.boolean().optional(), ports: z.record(z.string(), z.number()).optional() });
const read = (text: string) => readTomlFile(text, "config.toml", schema);

test("what fits the schema is read", () => {
  expect(read('# ours\ngpu = true\n\n[ports]\nredis = 6379\n"a.b" = 1\n')).toEqual({
    gpu: true,
    ports: { redis: 6379, "a.b": 1 },
  });
});

test("every mistake is told with its line, an unknown key with the nearest one", () => {
  expect(() => read('gpus = true\n\n[ports]\nok = 1\nredis = "x"\n')).toThrow(
    expect.objectContaining({
      details: {
        reason: "config.toml:1: gpus: there is no such key",
        suggestion: "did you mean gpu?",
        file: "config.toml",
        line: 1,
        also: ["config.toml:5: ports.redis: Invalid input: expected number, received string"],
      },
    }),
  );
});

test("broken TOML is told with its line", () => {
  expect(() => read("gpu = true\n\n[ports\n")).toThrow(/^config\.toml:3: /);
});

test("the place of a key that is not there is its table's", () => {
  const text = 'a = 1\n[b]\nc = 1\n[b."d.e"]\nf = { g = 1 }\n';
  expect(
    [["a"], ["b"], ["b", "c"], ["b", "d.e", "f", "g"], ["b", "x"], ["x"]].map((path) => tomlLine(text, path)),
  ).toEqual([1, 2, 3, 5, 2, 1]);
});
