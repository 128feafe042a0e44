import { expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { timerTags } from "../../domain/timer-tags.ts";
import { declared, said } from "../testing/stack.ts";
import { rule } from "./gpu-timers.ts";

const both = ["windlass-idle-stop:24h", "windlass-max-lifetime:30d"];
const gpu = (tags: unknown, size: unknown = "gpu-h100x1-80gb") => declared("droplet", "node", { size, tags });

test("what is missing is named, each timer by itself", () => {
  expect(said(rule, gpu(undefined))).toEqual([
    "size is gpu-h100x1-80gb; tags has no windlass-idle-stop:<duration>",
    "size is gpu-h100x1-80gb; tags has no windlass-max-lifetime:<duration>",
  ]);
  expect(said(rule, gpu([both[0], "training"]))).toHaveLength(1);
  expect(said(rule, gpu([both[0], UNKNOWN]))[0]).toContain("as far as it is known before the update");
  expect(said(rule, gpu(UNKNOWN))).toHaveLength(2);
});

test.each([
  ["off", {}, "windlass-idle-stop:off lets it run for ever"],
  ["never", {}, "windlass-idle-stop:never is no duration"],
  ["0h", {}, "windlass-idle-stop:0h is no duration"],
  ["25h", { maxIdleHours: 24 }, "windlass-idle-stop:25h is more than 24 hours"],
])("an idle timer of %s with %j is refused", (duration, settings, message) => {
  expect(said(rule, gpu([`windlass-idle-stop:${duration}`, both[1]]), settings)).toEqual([
    expect.stringContaining(message),
  ]);
});

test("timers as a training node writes them pass, and off does where it is allowed", () => {
  expect(said(rule, gpu(timerTags({ autoShutdownHours: 1.5, maxLifetimeHours: 720 })))).toEqual([]);
  const off = gpu(timerTags({ autoShutdownHours: "off", maxLifetimeHours: "off" }));
  expect(said(rule, off)).toHaveLength(2);
  expect(said(rule, off, { allowOff: true, maxIdleHours: 1 })).toEqual([]);
});

test("machines without a GPU need none; those whose size is not known may have one", () => {
  expect(said(rule, gpu(undefined, "s-1vcpu-1gb"))).toEqual([]);
  expect(said(rule, gpu(undefined, UNKNOWN))[0]).toContain("size is not known before the update and may be a GPU's");
  expect(said(rule, gpu(both, UNKNOWN))).toEqual([]);
});

test("pools and clusters are judged by the tags of their machines", () => {
  const nodePool = { size: "gpu-l40sx1-48gb", tags: both };
  expect(said(rule, declared("kubernetesCluster", "x", { nodePool, tags: [] }))).toEqual([]);
  expect(
    said(rule, declared("kubernetesCluster", "x", { nodePool: { ...nodePool, tags: [] }, tags: both })),
  ).toHaveLength(2);
  expect(said(rule, declared("dropletAutoscale", "x", { dropletTemplate: UNKNOWN }))[0]).toContain(
    "dropletTemplate.size is not known",
  );
});
