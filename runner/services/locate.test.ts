import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placeOf } from "./locate.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "locate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test("the key itself, else the nearest above it that is written; the last file that has it", () => {
  const base = write("a.yaml", "services:\n  web:\n    image: a\n    ports:\n      - 80:80\n      - 81:81\n");
  const over = write("b.yaml", "services:\n  web:\n    user: root\n  db: {image: b}\n");
  const files = [base, over];
  expect(placeOf(files, ["services", "web", "image"])).toEqual({ file: base, line: 3 });
  expect(placeOf(files, ["services", "web", "ports", "1"])).toEqual({ file: base, line: 6 });
  expect(placeOf(files, ["services", "web", "user"])).toEqual({ file: over, line: 3 });
  expect(placeOf(files, ["services", "db", "deploy", "replicas"])).toEqual({ file: over, line: 4 });
  expect(placeOf(files, ["services", "included"])).toEqual({ file: over, line: 1 });
  expect(placeOf([base], ["volumes", "x"])).toEqual({ file: base, line: 1 });
});
