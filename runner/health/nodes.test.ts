import { expect, test } from "vitest";
import { healthResultSchema } from "../../domain/health/result.ts";
import type { NodeOutput } from "../../domain/provision-result.ts";
import { healthError } from "./error.ts";
import { healthOf } from "./nodes.ts";

const node = {
  name: "train-001",
  ipAddress: "198.51.100.1",
  sshUser: "root",
  trainingLog: "/mnt/data/logs/training.log",
  volumes: [{ id: "v", name: "data", sizeGiB: 500, mountPoint: "/mnt/data" }],
} as NodeOutput;
const now = new Date("2026-11-21T10:00:00Z");
const GIB = 1024 ** 3;
const well = ["", "cpu 12.34", "memory 40", "mounted 1", `disk ${125 * GIB} ${500 * GIB}`, `root ${GIB} ${10 * GIB}`];
const lines = (...more: string[]) => [...well, ...more, "end"].join("\n");

test("a node that is well", () => {
  const result = healthOf(node, lines("gpu 97 61", "gpu 91 60", "training 1"), 45, now);
  expect(healthResultSchema.parse(result)).toEqual(result);
  expect(result).toMatchObject({ service: "train-001", status: "healthy", endpoint: "ssh://root@198.51.100.1" });
  expect(result.metrics).toEqual({
    cpu_percent: 12.3,
    memory_percent: 40,
    gpu_util_percent: 94,
    gpu_temperature_c: 61,
    disk_used_gb: 125,
    disk_total_gb: 500,
  });
});

test.each([
  ["the GPU is gone", lines("training 1"), "unhealthy", "gpu_available"],
  ["nvidia-smi says why it failed", lines("gpu NVIDIA-SMI has failed", "training 1"), "unhealthy", "gpu_available"],
  [
    "the volume is not mounted",
    lines("gpu 1 30", "training 1").replace("mounted 1", "mounted 0"),
    "unhealthy",
    "volume_mounted",
  ],
  ["the job is not running", lines("gpu 1 30"), "degraded", "training_ok"],
  ["the GPU is hot", lines("gpu 1 86", "training 1"), "degraded", "gpu_temperature_ok"],
  [
    "the disk is nearly full",
    lines("gpu 1 30", "training 1").replace(/disk \d+/, `disk ${460 * GIB}`),
    "degraded",
    "disk_ok",
  ],
])("%s", (_, output, status, check) => {
  const result = healthOf(node, output, 45, now);
  expect(result.status).toBe(status);
  expect(Object.entries(result.checks).filter(([, ok]) => !ok)).toEqual([[check, false]]);
});

test("a node that does not answer has no metrics, and the error says what to do", () => {
  const result = healthOf(node, "", 5000, now);
  expect(result).toMatchObject({ status: "unhealthy", checks: { ssh_reachable: false } });
  expect(Object.values(result.metrics)).toEqual([null, null, null, null, null]);
  expect(healthError(result).toJSON()).toMatchObject({
    error: "HealthCheckFailed",
    details: { service: "train-001", suggestion: expect.stringContaining("sshAllowedAddresses") },
  });
});
