import { expect, test } from "vitest";
import { environmentMetrics } from "./environment-metrics.ts";

test("the line for GPUs, the waits and the failures stand under their known names", async () => {
  const lines = (await environmentMetrics({ queueDepth: 2, gpuWaits: [0.1, 40], errorRate: 0.25 })).split("\n");
  for (const line of [
    "# TYPE env_queue_depth gauge",
    "env_queue_depth 2",
    "env_error_rate 0.25",
    "# TYPE gpu_wait_seconds histogram",
    'gpu_wait_seconds_bucket{le="0.5"} 1',
    'gpu_wait_seconds_bucket{le="60"} 2',
    "gpu_wait_seconds_sum 40.1",
    "gpu_wait_seconds_count 2",
  ])
    expect(lines).toContain(line);
});

test("a machine that has run nothing has zeros", async () => {
  const text = await environmentMetrics({ queueDepth: 0, gpuWaits: [], errorRate: 0 });
  expect(text).toContain("env_error_rate 0\n");
  expect(text).toContain("gpu_wait_seconds_count 0\n");
});
