import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import type { ProgressEvent } from "../progress.ts";
import { eventTracker, isRefusedByPolicy, nothingChanges } from "./events.ts";
import { judgedBy } from "./policy-events.ts";

const DROPLET = "digitalocean:index/droplet:Droplet";
const urn = (name: string, type = DROPLET) => `urn:pulumi:dev::windlass::${type}::${name}`;

/** Events as the engine sends them, for resources by name. */
function metadata(op: string, name: string, extra: object = {}) {
  return { op, urn: urn(name), type: DROPLET, provider: "", new: { custom: true, inputs: { size: "s" } }, ...extra };
}

function track(...events: object[]) {
  const seen: ProgressEvent[] = [];
  let now = 0;
  const tracker = eventTracker(
    (event) => seen.push(event),
    () => now++,
  );
  for (const event of events) tracker.handle({ sequence: 0, timestamp: 0, ...event } as EngineEvent);
  return { seen, report: tracker.report() };
}

test("a resource is told of when its work begins and ends, with the seconds between", () => {
  const { seen } = track(
    { resourcePreEvent: { metadata: metadata("create", "node") } },
    { resOutputsEvent: { metadata: metadata("create", "node") } },
  );
  expect(seen).toMatchObject([
    { kind: "resource", state: "started", action: "create", name: "node" },
    { kind: "resource", state: "finished", action: "create", name: "node", seconds: expect.any(Number) },
  ]);
});

test("what stays, and what is no object of the cloud, is not told of, but is in the report", () => {
  const component = metadata("create", "group", { new: { custom: false, inputs: {} } });
  const { seen, report } = track(
    { resourcePreEvent: { metadata: metadata("same", "node") } },
    { resourcePreEvent: { metadata: component } },
    { resOutputsEvent: { metadata: component } },
  );
  expect(seen).toEqual([]);
  expect(report.steps.map(({ name, action }) => [name, action])).toEqual([
    ["node", "same"],
    ["group", "create"],
  ]);
});

test("the steps of a replacement are one, and a refresh tells what it found at its end", () => {
  const detailedDiff = { region: { diffKind: "update-replace", inputDiff: true } };
  const { report } = track(
    { resourcePreEvent: { metadata: metadata("delete-replaced", "node") } },
    { resourcePreEvent: { metadata: metadata("replace", "node", { detailedDiff }) } },
    { resourcePreEvent: { metadata: metadata("create-replacement", "node", { detailedDiff }) } },
    { resourcePreEvent: { metadata: metadata("refresh", "other") } },
    { resOutputsEvent: { metadata: metadata("update", "other", { diffs: ["name"] }) } },
    { summaryEvent: { resourceChanges: { replace: 1, "create-replacement": 1, "delete-replaced": 1, same: 3 } } },
  );
  expect(report.steps).toMatchObject([
    { name: "node", action: "replace", changed: ["region"] },
    { name: "other", action: "update", changed: ["name"] },
  ]);
  expect(report.changes).toEqual({ create: 0, update: 0, replace: 1, delete: 0, same: 3 });
  expect(nothingChanges(report.changes)).toBe(false);
});

test("errors are put with the resource that failed, the others with the program; secrets are out", () => {
  const say = (severity: string, message: string, name?: string) => ({
    diagnosticEvent: { severity, message, color: "never", ...(name ? { urn: urn(name) } : {}) },
  });
  const { seen, report } = track(
    { resourcePreEvent: { metadata: metadata("create", "node") } },
    { resOpFailedEvent: { metadata: metadata("create", "node") } },
    say("error", "token dop_v1_abc is not accepted", "node"),
    say("error", "update failed"),
    say("info", "waits for Bearer abcdef", "node"),
    say("debug", "noise"),
  );
  expect(report.failures).toMatchObject([{ name: "node", messages: ["token [redacted] is not accepted"] }]);
  expect(report.errors).toEqual(["update failed"]);
  expect(seen.at(-1)).toEqual({ kind: "line", resource: "node", text: "waits for Bearer [redacted]" });
});

test("a line that is only for the moment is what the resource waits for", () => {
  const event = {
    severity: "info",
    message: "waiting for droplet 1: new",
    ephemeral: true,
    urn: urn("node"),
    color: "never",
  };
  expect(track({ diagnosticEvent: event }).seen).toEqual([
    { kind: "waiting", urn: urn("node"), text: "waiting for droplet 1: new" },
  ]);
});

test("adopted objects are counted apart, and count as a change", () => {
  const { report } = track({ summaryEvent: { resourceChanges: { import: 1, same: 2 } } });
  expect(report.changes).toMatchObject({ import: 1, create: 0 });
  expect(nothingChanges(report.changes)).toBe(false);
});

describe("whether an update would write anything", () => {
  const state = { custom: true, inputs: { size: "s" }, outputs: {}, protect: false };
  const same = (old: object, after: object, extra = {}) =>
    track({ resourcePreEvent: { metadata: metadata("same", "n", { old, new: after, ...extra }) } }).report.touchesState;

  test("not where everything is as it was", () => {
    expect(same(state, { ...state })).toBe(false);
  });

  test.each([
    ["protection", { protect: true }],
    ["its parent", { parent: "urn:other" }],
    ["an input without a difference for the cloud", { inputs: { size: "t" } }],
    ["what becomes of it on deletion", { retainOnDelete: true }],
  ])("%s is written", (_, changed) => {
    expect(same(state, { ...state, ...changed })).toBe(true);
  });

  test.each([
    ["others", { x: 1 }, { x: 2 }, true],
    ["the same", { x: 1 }, { x: 1 }, false],
    ["secrets, which look alike", { x: "[secret]" }, { x: "[secret]" }, true],
  ])("outputs of the stack: %s", (_, before, after, written) => {
    const stack = { type: "pulumi:pulumi:Stack" };
    const events = metadata("same", "n", {
      ...stack,
      old: { ...state, outputs: before },
      new: { ...state, outputs: after },
    });
    expect(track({ resOutputsEvent: { metadata: events } }).report.touchesState).toBe(written);
  });
});

describe("what policy packs say", () => {
  const policyEvent = (enforcementLevel: string) => ({
    policyEvent: { policyName: "p", policyPackName: "k", resourceUrn: urn("n"), message: "bad", enforcementLevel },
  });

  test("verdicts by resource and of the stack, passed and failed", () => {
    const { policy } = track(
      policyEvent("mandatory"),
      { policyAnalyzeSummaryEvent: { policyPackName: "k", resourceUrn: urn("n"), passed: ["a"], failed: ["p"] } },
      { policyAnalyzeStackSummaryEvent: { policyPackName: "k", passed: ["c"] } },
    ).report;
    expect(policy.findings).toEqual([{ pack: "k", policy: "p", urn: urn("n"), text: "bad", mandatory: true }]);
    expect([...(policy.resources.get(judgedBy("k", urn("n"))) ?? [])]).toEqual(["a", "p"]);
    expect([...(policy.stack.get("k") ?? [])]).toEqual(["c"]);
  });

  test("a run is refused by policies alone, or failed for another reason", () => {
    const error = (message: string) => ({ diagnosticEvent: { severity: "error", message, color: "never" } });
    const refused = (...events: object[]) => isRefusedByPolicy(track(...events).report);
    expect(refused(policyEvent("mandatory"))).toBe(true);
    expect(refused(policyEvent("mandatory"), error("update failed\n"))).toBe(true);
    expect(refused(policyEvent("mandatory"), error("the program broke"))).toBe(false);
    expect(refused(policyEvent("advisory"))).toBe(false);
  });
});
