import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isMap, isScalar, isSeq, type Node, parseDocument, visit } from "yaml";
import type { ComposeReader } from "../../domain/compose/level.ts";
import { loadCompose } from "../../domain/compose/project.ts";
import { toYaml } from "../../domain/compose/render.ts";
import { UserError } from "../../domain/errors.ts";

const folder = join(import.meta.dirname, "compose");
const names = readdirSync(folder).filter((name) => /^\d\d-[^.]+\.yaml$/.test(name) && !name.startsWith("26"));

/** What is put in a value's place. */
const intruders = [
  null,
  "",
  "text",
  0,
  -1,
  1.5,
  true,
  [],
  ["a"],
  [1],
  {},
  { a: 1 },
  "${",
  "${A:?no}",
  "$$",
  "a:b:c:d",
  "1-0:2",
];

const reader = (main: string, text: string): ComposeReader => ({
  read(path) {
    if (path === main) return text;
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  realPath: (path) => path,
  home: "/home/ada",
});

/** The file with one value exchanged: the value is chosen by its number among all of them. */
function exchanged(name: string, number: number, intruder: unknown): string {
  const document = parseDocument(readFileSync(join(folder, name), "utf8"), { merge: true, logLevel: "silent" });
  const nodes: { parent: Node; key: unknown }[] = [];
  visit(document, (key, node, path) => {
    const parent = path.at(-1);
    if (isSeq(parent)) nodes.push({ parent, key });
    if (isScalar(node) && key === "key" && isMap(path.at(-2)))
      nodes.push({ parent: path.at(-2) as Node, key: node.value });
  });
  const chosen = nodes[number % nodes.length];
  if (isMap(chosen?.parent)) chosen.parent.set(chosen.key, intruder);
  if (isSeq(chosen?.parent)) chosen.parent.set(chosen.key as number, intruder);
  try {
    return document.toString();
  } catch {
    // An alias lost its anchor with the value that went.
    return "services: {web: {image: a}}";
  }
}

test("a wrong value anywhere is refused with a place, or makes a model that can be printed; nothing crashes", () => {
  let refused = 0;
  const property = fc.property(
    fc.constantFrom(...names),
    fc.nat(10_000),
    fc.constantFrom(...intruders),
    (name, number, intruder) => {
      const file = join(folder, name);
      const text = exchanged(name, number, intruder);
      const environment = { SET: "value", GRAFANA_PASSWORD: "x", DB_PASSWORD: "x" };
      try {
        toYaml(loadCompose({ files: [file], folder: dirname(file), environment }, reader(file, text)).project);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        expect(error.code).toBe("ConfigInvalid");
        expect(error.details.reason).toMatch(/^\/.*:\d+: /);
        refused++;
      }
    },
  );
  fc.assert(property, { numRuns: 600 });
  expect(refused).toBeGreaterThan(200);
});
