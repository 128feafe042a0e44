import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { POLICIES } from "./policies.ts";

test("every kind of call opens after 5 failures in 60 s, for 60 s, and waits 60 s at most for who asks it to", () => {
  for (const policy of Object.values(POLICIES)) {
    expect(policy.breaker).toEqual({ failures: 5, withinMs: 60_000, openMs: 60_000 });
    expect(policy).toMatchObject({ longestRetryAfterMs: 60_000, jitter: 0.25 });
  }
});

test("the table of the documentation is this one", () => {
  const rows = Object.entries(POLICIES).map(([kind, { timeoutMs, retryDelaysMs, mostAtOnce }]) => {
    const tries = retryDelaysMs.map((ms) => ms / 1000).join(", ");
    return `| ${kind} | ${timeoutMs / 1000} s | ${tries} s | ${mostAtOnce} |`;
  });
  const text = readFileSync(new URL("../../docs/resilience.md", import.meta.url), "utf8");
  const table = text.split("<!-- policies -->")[1]?.split("<!-- end -->")[0]?.trim().split("\n").slice(2);
  expect(table).toEqual(rows);
});
