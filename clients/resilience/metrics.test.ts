import { expect, test } from "vitest";
import type { BreakerStatus } from "./breaker.ts";
import { breakerMetrics } from "./metrics.ts";

const open: BreakerStatus = {
  ...{ service: "s3", destination: 'a"b\\c:9000', state: "open", failures: 5, openedAt: 0, probeAt: 60_000 },
  counts: { succeeded: 7, failed: 6, refused: 2, retried: 9, opened: 1 },
};
const closed: BreakerStatus = {
  ...{ service: "slack", destination: "hooks.slack.com", state: "closed", failures: 0 },
  counts: { succeeded: 1, failed: 0, refused: 0, retried: 0, opened: 0 },
};

test("every breaker has its state, its calls by outcome, its retries and its openings", async () => {
  const text = await breakerMetrics([open, closed]);
  const lines = text.split("\n");
  const at = String.raw`service="s3",destination="a\"b\\c:9000"`;
  for (const line of [
    "# TYPE windlass_circuit_breaker_state gauge",
    `windlass_circuit_breaker_state{${at},state="open"} 1`,
    `windlass_circuit_breaker_state{${at},state="closed"} 0`,
    `windlass_circuit_breaker_state{${at},state="half-open"} 0`,
    'windlass_circuit_breaker_state{service="slack",destination="hooks.slack.com",state="closed"} 1',
    `windlass_circuit_breaker_failures{${at}} 5`,
    `windlass_circuit_breaker_opened_total{${at}} 1`,
    "# TYPE windlass_calls_total counter",
    `windlass_calls_total{${at},outcome="succeeded"} 7`,
    `windlass_calls_total{${at},outcome="failed"} 6`,
    `windlass_calls_total{${at},outcome="refused"} 2`,
    `windlass_call_retries_total{${at}} 9`,
  ])
    expect(lines).toContain(line);
});

test("two readings do not add up, and no breaker is no line", async () => {
  expect(await breakerMetrics([open])).toBe(await breakerMetrics([open]));
  expect((await breakerMetrics([])).split("\n").filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
});
