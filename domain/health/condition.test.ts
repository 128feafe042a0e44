import { expect, test } from "vitest";
import { holds, parseCondition, reasonOf } from "./condition.ts";
import { type HealthResult, NO_METRICS } from "./result.ts";

const result = (more: Partial<HealthResult> = {}): HealthResult => ({
  ...{ service: "web", status: "healthy", endpoint: "http://web", response_time_ms: 45, checks: { http_ok: true } },
  metrics: { ...NO_METRICS, cpu_percent: 96, disk_used_gb: 91, disk_total_gb: 100 },
  last_checked: "2026-11-21T10:00:00Z",
  ...more,
});

test.each<[string, Partial<HealthResult>, boolean | undefined]>([
  ["unhealthy", {}, false],
  ["unhealthy", { status: "degraded" }, false],
  ["unhealthy", { status: "unhealthy" }, true],
  ["degraded", { status: "unhealthy" }, true],
  ["degraded", { status: "degraded" }, true],
  ["not http_ok", {}, false],
  ["not http_ok", { checks: { http_ok: false } }, true],
  ["not model_loaded", {}, undefined],
  ["cpu_percent > 95", {}, true],
  ["cpu_percent > 96", {}, false],
  ["cpu_percent > 95", { metrics: NO_METRICS }, undefined],
  ["queue_depth > 100", {}, undefined],
  ["disk_percent>90", {}, true],
  ["response_time_ms < 50.5", {}, true],
])("%s of %o: %s", (text, more, held) => {
  expect(holds(parseCondition(text), result(more))).toBe(held);
});

test.each([
  ["cpu_percnt > 95", "did you mean cpu_percent?"],
  ["cpu_percent = 95", "is no condition"],
  ["sick", "is no condition"],
  ["cpu_percent > much", "is no condition"],
])("%s is refused", (text, reason) => {
  expect(() => parseCondition(text)).toThrow(reason);
});

test("the reason has the number, the failed checks and what the target said", () => {
  expect(reasonOf(parseCondition("disk_percent > 90"), result())).toBe("disk_percent is 91, above 90");
  const down = result({ status: "unhealthy", checks: { tcp_open: false }, reason: "connection refused" });
  expect(reasonOf(parseCondition("unhealthy"), down)).toBe("it is unhealthy: tcp_open: connection refused");
  expect(reasonOf(parseCondition("not tcp_open"), down)).toBe("tcp_open fails");
});
