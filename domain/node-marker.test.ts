import fc from "fast-check";
import { expect, test } from "vitest";
import {
  declaredMachine,
  type Marker,
  markerPattern,
  markerTag,
  markerTags,
  nodePhase,
  operationId,
  readMarkers,
} from "./node-marker.ts";

const owner = { project: "finance", stack: "dev", node: "train-001" };
const at = new Date("2026-11-21T10:00:00Z");
const stopped: Marker = { kind: "stopped", operation: "op1", strategy: "snapshot", image: "123", size: "gpu-a", at };

test("a marker is one tag that tells everything", () => {
  const tag = markerTag(owner, stopped);
  expect(tag).toBe("windlass-stopped:finance:dev:train-001:op1:snapshot:123:gpu-a:1795255200");
  const { kind: _, ...fields } = stopped;
  expect(readMarkers(owner, ["windlass", tag]).stopped).toEqual(fields);
  expect(tag).toMatch(new RegExp(markerPattern(owner)));
});

test("markers of other nodes, stacks and projects, and tags of others, are not read", () => {
  const others = [
    { ...owner, node: "train-0012" },
    { ...owner, stack: "de" },
    { ...owner, project: "finance2" },
  ].map((other) => markerTag(other, stopped));
  const broken = ["windlass-stopped:finance:dev:train-001:op1", "windlass-hold:finance:dev:train-001:soon:why"];
  expect(readMarkers(owner, [...others, ...broken])).toEqual({ notices: [] });
  expect(markerTags(owner, [...others, markerTag(owner, stopped)], "stopped", "hold")).toEqual([
    markerTag(owner, stopped),
  ]);
});

test("of two markers of a kind the newer operation counts", () => {
  const older = markerTag(owner, { ...stopped, operation: operationId(1_700_000_000_000, 0.9), image: "1" });
  const newer = markerTag(owner, { ...stopped, operation: operationId(1_800_000_000_000, 0.1), image: "2" });
  expect(readMarkers(owner, [newer, older]).stopped?.image).toBe("2");
});

test("a hold keeps its reason as words, cut where it is too long", () => {
  const tag = markerTag(owner, { kind: "hold", until: at, why: `loading: "big" model ${"x".repeat(300)}` });
  expect(tag.length).toBe(255);
  expect(readMarkers(owner, [tag]).hold?.why).toMatch(/^loading big model x+$/);
});

test("names that make no tag are refused with what to do", () => {
  expect(() => markerTag({ ...owner, stack: "a.b" }, stopped)).toThrow(/shorten|no tag/);
  expect(() => markerTag({ ...owner, node: "n".repeat(240) }, stopped)).toThrow(/too long together/);
});

test("a resume wins over the stop that it ends, a stop that has ended over the one under way", () => {
  const resuming = { operation: "o", image: "9", size: "gpu-b" };
  const { kind: _, ...stop } = stopped as Extract<Marker, { kind: "stopped" }>;
  const config = { image: "base", size: "gpu-a" };
  expect(nodePhase({ notices: [] })).toBe("running");
  expect(nodePhase({ notices: [], stopping: { operation: "o", strategy: "golden" }, stopped: stop })).toBe("stopped");
  expect(nodePhase({ notices: [], stopped: stop, resuming })).toBe("resuming");
  expect(declaredMachine({ notices: [], stopped: stop }, config)).toBeUndefined();
  expect(declaredMachine({ notices: [], stopped: stop, resuming }, config)).toEqual({ image: "9", size: "gpu-b" });
});

test("another size than the config's holds only while the config says the same", () => {
  const size = { declared: "gpu-a", actual: "gpu-b" };
  expect(declaredMachine({ notices: [], size }, { image: "base", size: "gpu-a" })?.size).toBe("gpu-b");
  expect(declaredMachine({ notices: [], size }, { image: "base", size: "gpu-c" })?.size).toBe("gpu-c");
});

test("every marker is read back as it was written", () => {
  const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
  const date = fc.integer({ min: 1, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));
  fc.assert(
    fc.property(word, word, word, date, (operation, image, size, when) => {
      const fields = { operation, strategy: "golden" as const, image, size, at: when };
      expect(readMarkers(owner, [markerTag(owner, { kind: "stopped", ...fields })]).stopped).toEqual(fields);
    }),
  );
});

test("names of operations sort by their time", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 1, max: 1e9 }), (time, later) => {
      expect(operationId(time, 0.99) < operationId(time + later, 0)).toBe(true);
    }),
  );
});
