import { expect, test } from "vitest";
import { escalationSteps } from "./escalation.ts";
import { dueActions, foundCauses, type Reading } from "./judge.ts";
import { imageWord, playing } from "./roles.ts";
import type { RunbookFile } from "./schema.ts";

const runbook = {
  causes: [
    {
      id: "gone",
      title: "stopped",
      when: [
        { check: "state", is: "failed" },
        { check: "state", matches: "exited" },
      ],
    },
    {
      id: "full",
      title: "full",
      when: [
        { check: "used", above: 95 },
        { check: "state", is: "ok" },
      ],
    },
    { id: "hot", title: "hot", when: [{ check: "heat", above: 85 }] },
    { id: "blind", title: "cannot be seen", when: [{ check: "heat", is: "unknown" }] },
  ],
  levels: [
    {
      title: "one",
      actions: [{ title: "start", for: ["gone"] }, { title: "cool", for: ["hot"] }, { title: "always" }],
    },
  ],
} as unknown as RunbookFile;

function reading(check: string, service: string | null, more: Partial<Reading> = {}): Reading {
  return { check, service, where: service ?? "host", state: "ok", value: null, text: "", ...more };
}

const found = (...readings: Reading[]) => foundCauses(runbook, readings).map(({ id, services }) => [id, services]);

test("all conditions of a cause must hold for one service", () => {
  expect(found(reading("state", "a"), reading("used", "a", { value: 96 }))).toEqual([["full", ["a"]]]);
  expect(found(reading("state", "b"), reading("used", "a", { value: 96 }))).toEqual([]);
  expect(found(reading("used", "a", { value: 95 }), reading("state", "a"))).toEqual([]);
  const stopped = { state: "failed", text: "exited (137)" } as const;
  expect(found(reading("state", "a", stopped), reading("state", "b"), reading("state", "c", stopped))).toEqual([
    ["gone", ["a", "c"]],
  ]);
  expect(found(reading("state", "a", { state: "failed", text: "unhealthy" }))).toEqual([]);
});

test("what could not be looked at is no cause, unless a cause asks for that", () => {
  expect(found(reading("used", "a", { state: "unknown", value: 99 }), reading("state", "a"))).toEqual([]);
  expect(found(reading("heat", null, { state: "unknown", value: 99 }))).toEqual([["blind", []]]);
});

test("a level does what its causes need, for the services that they were found for", () => {
  const causes = [
    { id: "gone", title: "", services: ["a"] },
    { id: "full", title: "", services: ["b"] },
  ];
  expect(dueActions(runbook, 1, causes).map(({ action, services }) => [action.title, services])).toEqual([
    ["start", ["a"]],
    ["always", ["a", "b"]],
  ]);
  expect(dueActions(runbook, 1, [])).toEqual([]);
});

test("roles are played by image, by name, or by holding a GPU", () => {
  const there = [
    { service: "db", image: "docker.io/timescale/timescaledb:2.17.2-pg16", gpu: false },
    { service: "train", image: "registry:5000/train@sha256:00", gpu: true },
  ];
  expect(playing({ what: "", images: ["timescaledb"] }, there)).toEqual(["db"]);
  expect(playing({ what: "", services: ["db"], gpu: true }, there)).toEqual(["db", "train"]);
  expect(playing({ what: "", any: true }, there)).toEqual(["db", "train"]);
  expect(playing({ what: "", images: ["postgres"] }, there)).toEqual([]);
  expect(playing({ what: "", images: ["train"] }, there, new Set(["train"]))).toEqual([]);
  expect(imageWord("registry:5000/train@sha256:00")).toBe("train");
});

test("who is to be called is counted from when the failure was found", () => {
  const steps = [
    { afterMinutes: 15, to: "one" },
    { afterMinutes: 30, to: "two" },
  ];
  const since = Date.UTC(2026, 0, 1);
  expect(escalationSteps(steps, since, since + 20 * 60_000)).toEqual([
    { to: "one", level: 1, afterMinutes: 15, at: "2026-01-01T00:15:00.000Z", due: true },
    { to: "two", level: 2, afterMinutes: 30, at: "2026-01-01T00:30:00.000Z", due: false },
  ]);
  expect(escalationSteps(steps, undefined, since).map(({ at, due }) => [at, due])).toEqual([
    [null, false],
    [null, false],
  ]);
});
