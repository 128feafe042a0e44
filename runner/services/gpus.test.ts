import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEngine } from "../../clients/docker/engine.ts";
import { planStack } from "../../domain/services/plan.ts";
import type { ProgressEvent } from "../progress.ts";
import { readServices } from "./files.ts";
import { chooseGpus, gpuModeOf } from "./gpus.ts";
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

test("where the host cannot be asked the engine gives what the file says, and that is told", async () => {
  const { project, files } = origin("x-a: b");
  const asking = { ...project, services: { a: { image: "a", gpus: [{ count: 2 }] } } } as typeof project;
  const plan = planStack(asking, { workingDir: folder, files }, new Map());
  const told: ProgressEvent[] = [];
  const address = { host: "tcp://nas:2376" };
  const docker = openEngine(address);
  const options = {
    project: asking,
    files,
    docker,
    address,
    waitSeconds: 0,
    onEvent: (one: ProgressEvent) => told.push(one),
  };
  const chosen = await chooseGpus(plan, { ...options, mode: "exclusive" });
  expect(chosen.plan).toBe(plan);
  expect(told).toMatchObject([{ kind: "note", level: "warning", text: expect.stringContaining("cannot be seen") }]);
  const without = await chooseGpus(plan, { ...options, mode: "off" });
  expect(without.plan.containers[0]?.settings).not.toHaveProperty("deviceRequests");
  expect(told[1]).toMatchObject({ text: "GPUs are off: without them run a" });
});
