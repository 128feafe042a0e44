import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readServices } from "./files.ts";
import { gpuModeOf } from "./gpus.ts";
import { readSettings } from "./settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "services-gpus-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function origin(head: string) {
  const file = join(folder, "compose.yaml");
  writeFileSync(file, `${head}\nservices: { a: { image: a } }\n`);
  return { file, project: readServices({ files: [file], environment: {} }).project, files: [file] };
}
const settings = (environment = {}) => readSettings(folder, { HOME: folder, ...environment });

test("GPUs are given as is asked for, else as the settings say, else as the file does, else to each its own", () => {
  const [shared, plain] = [origin("x-windlass-gpu: shared"), settings({ WINDLASS_GPU: "off" })];
  expect(gpuModeOf(shared, "exclusive", plain)).toBe("exclusive");
  expect(gpuModeOf(shared, undefined, plain)).toBe("off");
  expect(gpuModeOf(shared, undefined, settings())).toBe("shared");
  expect(gpuModeOf(origin("name: a"), undefined, settings())).toBe("exclusive");
});

test("a way that there is not is refused with its place", () => {
  const wrong = origin("x-windlass-gpu: some");
  expect(() => gpuModeOf(wrong, undefined, settings())).toThrow(
    `${wrong.file}:1: x-windlass-gpu: got "some", allowed is exclusive, shared, off`,
  );
});

test("the trading stack's services share a card, as it was built", () => {
  const environment = { REGISTRY: "r", IMAGE_TAG: "1" };
  expect(readServices({ files: ["trading"], environment }).project["x-windlass-gpu"]).toBe("shared");
});
