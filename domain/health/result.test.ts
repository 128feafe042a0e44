import { expect, test } from "vitest";
import { healthResultSchema, healthStatus } from "./result.ts";

test.each([
  [{ required: { ssh: true }, desired: { memory_ok: true } }, "healthy"],
  [{ required: { ssh: true }, desired: { memory_ok: false } }, "degraded"],
  [{ required: { ssh: false }, desired: { memory_ok: true } }, "unhealthy"],
] as const)("%o is %s", (readings, status) => {
  expect(healthStatus(readings)).toBe(status);
});

test("the documented example is a Health Check Result", () => {
  const example = {
    service: "vllm-inference",
    status: "healthy",
    endpoint: "https://finance-ai.tbwa-smp.com/health",
    response_time_ms: 45,
    checks: { http_200: true, model_loaded: true, gpu_available: true, memory_ok: true },
    metrics: { cpu_percent: 35, memory_percent: 62, gpu_util_percent: 0, disk_used_gb: 125, disk_total_gb: 500 },
    last_checked: "2025-11-17T14:00:00Z",
  };
  expect(healthResultSchema.parse(example)).toEqual(example);
});
