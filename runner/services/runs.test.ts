import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UserError } from "../../domain/errors.ts";
import { readEnvironment, remembered } from "./runs.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "services-runs-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true });
});

const failing = (code: "CommandFailed" | "ConfigInvalid") =>
  remembered(home, undefined, () => Promise.reject(new UserError(code, { reason: "no" }))).catch(() => "failed");

test("waits and failures are remembered for a day; mistakes in the files are no failures", async () => {
  vi.useFakeTimers({ now: 1_763_725_000_000, toFake: ["Date"] });
  expect(readEnvironment(home)).toEqual({ queueDepth: 0, gpuWaits: [], errorRate: 0 });
  await remembered(home, undefined, async ({ onGpus }) => onGpus(12));
  expect(await remembered(home, undefined, async () => "done")).toBe("done");
  expect(await failing("ConfigInvalid")).toBe("failed");
  expect(await failing("CommandFailed")).toBe("failed");
  expect(readEnvironment(home)).toEqual({ queueDepth: 0, gpuWaits: [12], errorRate: 1 / 3 });
  vi.setSystemTime(1_763_725_000_000 + 86_400_001);
  expect(readEnvironment(home)).toMatchObject({ gpuWaits: [], errorRate: 0 });
});

test("the metrics follow the line while a runner waits", async () => {
  const file = join(home, "services.prom");
  await remembered(home, file, async ({ onQueue, onGpus }) => {
    onQueue(3);
    await expect.poll(() => readFileSync(file, "utf8")).toContain("env_queue_depth 3\n");
    onQueue(2);
    onGpus(40);
  });
  const text = readFileSync(file, "utf8");
  for (const line of ["env_queue_depth 2\n", "gpu_wait_seconds_sum 40\n", "env_error_rate 0\n"])
    expect(text).toContain(line);
});

test("a metrics file that nobody reads is refused before anything is done", async () => {
  const work = vi.fn();
  await expect(remembered(home, join(home, "x.txt"), work)).rejects.toThrow("does not end in .prom");
  expect(work).not.toHaveBeenCalled();
});
