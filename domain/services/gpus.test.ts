import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadCompose } from "../compose/project.ts";
import {
  allocateGpus,
  GPUS_LABEL,
  type Gpu,
  type GpuClaim,
  type GpuState,
  gpuClaims,
  parseGpus,
  withGpus,
  withoutGpus,
} from "./gpus.ts";
import { planStack } from "./plan.ts";

const gpus = (count: number): Gpu[] =>
  Array.from({ length: count }, (_, index) => ({ index, uuid: `GPU-${index}`, name: "H100", memoryMiB: 81_559 }));
const claim = (key: string, count: GpuClaim["count"], ids: string[] = []): GpuClaim => ({
  ...{ key, service: key, index: 0, path: ["services", key, "gpus", "0"], count, ids },
});
const state = (count: number, held: string[] = [], before: Record<string, string[]> = {}): GpuState => ({
  gpus: gpus(count),
  held: new Map(held.map((uuid) => [uuid, "another"])),
  before: new Map(Object.entries(before)),
});
function given(...args: Parameters<typeof allocateGpus>): Record<string, string[]> | string {
  const found = allocateGpus(...args);
  if ("short" in found) return `${found.short.reason}${found.short.isFinal ? ", ever" : ""}`;
  return Object.fromEntries([...found.given].map(([{ key }, uuids]) => [key, uuids]));
}

test("the cards that nvidia-smi lists", () => {
  const text =
    "0, GPU-5a, NVIDIA H100 80GB HBM3, 81559\n1, GPU-6b, NVIDIA H100 80GB HBM3, [N/A]\nUnable to determine\n";
  expect(parseGpus(text)).toEqual([
    { index: 0, uuid: "GPU-5a", name: "NVIDIA H100 80GB HBM3", memoryMiB: 81_559 },
    { index: 1, uuid: "GPU-6b", name: "NVIDIA H100 80GB HBM3", memoryMiB: 0 },
  ]);
  expect(parseGpus("No devices were found\n")).toEqual([]);
});

describe("exclusive", () => {
  test("each service gets its own, the first free ones", () => {
    expect(given([claim("a", 1), claim("b", 2)], state(4, ["GPU-1"]), "exclusive")).toEqual({
      a: ["GPU-0"],
      b: ["GPU-2", "GPU-3"],
    });
  });

  test("what a container had before stays its own, and what the file names comes first", () => {
    const before = { a: ["GPU-2"], b: ["GPU-1"] };
    expect(given([claim("a", 1), claim("b", 1)], state(3, [], before), "exclusive")).toEqual({
      a: ["GPU-2"],
      b: ["GPU-1"],
    });
    expect(given([claim("a", 1), claim("c", 1, ["2"])], state(3, [], before), "exclusive")).toEqual({
      a: ["GPU-0"],
      c: ["GPU-2"],
    });
  });

  test("two services that name the same one share it: the file says so", () => {
    const both = [claim("a", 1, ["0"]), claim("b", 1, ["GPU-0"])];
    expect(given(both, state(1), "exclusive")).toEqual({ a: ["GPU-0"], b: ["GPU-0"] });
  });

  test("too few free ones can be waited for; too few of all cannot, nor one that is not there", () => {
    expect(given([claim("a", 2)], state(2, ["GPU-0"]), "exclusive")).toBe("2 GPUs are wanted, 1 of 2 is free");
    expect(given([claim("a", 1), claim("b", 2)], state(2), "exclusive")).toBe(
      "3 GPUs are wanted, the host has 2, ever",
    );
    expect(given([claim("a", 1)], state(0), "exclusive")).toBe("1 GPU is wanted, the host has none, ever");
    expect(given([claim("a", "all")], state(0), "exclusive")).toBe("1 GPU is wanted, the host has none, ever");
    expect(given([claim("a", "all")], state(2, ["GPU-1"]), "exclusive")).toBe("2 GPUs are wanted, 1 of 2 is free");
    expect(given([claim("a", 1, ["7"])], state(2), "exclusive")).toBe("the host has no GPU 7, ever");
    expect(given([claim("a", 1, ["1"])], state(2, ["GPU-1"]), "exclusive")).toBe("GPU GPU-1 is wanted");
  });
});

test("shared: the services of a project take the same ones, those they had before", () => {
  const claims = [claim("a", 1), claim("b", 2), claim("c", 1)];
  expect(given(claims, state(3, ["GPU-0"]), "shared")).toEqual({
    a: ["GPU-1"],
    b: ["GPU-1", "GPU-2"],
    c: ["GPU-1"],
  });
  expect(given(claims.slice(0, 1), state(3, [], { a: ["GPU-2"] }), "shared")).toEqual({ a: ["GPU-2"] });
  expect(given(claims, state(1), "shared")).toBe("2 GPUs are wanted, the host has 1, ever");
});

test("no GPU goes to two claims or to one that another has; all claims are met or none; nothing moves when asked again", () => {
  const claims = fc
    .array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant("all" as const)), { maxLength: 5 })
    .map((counts) => counts.map((count, index) => claim(`s${index}`, count)));
  const host = fc.integer({ min: 0, max: 6 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      held: fc.subarray(gpus(count).map(({ uuid }) => uuid)),
      before: fc.dictionary(fc.constantFrom("s0", "s1", "s2"), fc.subarray(gpus(count).map(({ uuid }) => uuid))),
    }),
  );
  fc.assert(
    fc.property(claims, host, (asked, { count, held, before }) => {
      const wanted = asked.reduce((sum, one) => sum + (one.count === "all" ? Math.max(1, count) : one.count), 0);
      const found = allocateGpus(asked, state(count, held, before), "exclusive");
      if ("short" in found) {
        expect(wanted).toBeGreaterThan(count - held.length);
        expect(found.short.isFinal).toBe(wanted > count);
        return;
      }
      const all = [...found.given.values()].flat();
      expect(all).toHaveLength(wanted);
      expect(new Set(all).size).toBe(all.length);
      expect(all.filter((uuid) => held.includes(uuid))).toEqual([]);
      const kept = Object.fromEntries([...found.given].map(([{ key }, uuids]) => [key, uuids]));
      expect(given(asked, state(count, held, kept), "exclusive")).toEqual(kept);
    }),
  );
});

describe("in a plan", () => {
  const TEXT = `
services:
  one: { image: a, gpus: [{ count: 1 }] }
  some:
    image: a
    devices: ["nvidia.com/gpu=0"]
    deploy: { resources: { reservations: { devices: [{ driver: nvidia, count: 2, capabilities: [gpu] }, { driver: tpu, count: 1, capabilities: [tpu] }] } } }
  every: { image: a, gpus: all }
  named: { image: a, gpus: [{ device_ids: ["0", "1"], driver: nvidia }] }
  part: { image: a, gpus: [{ device_ids: ["MIG-1"] }] }
  none: { image: a }
`;
  const reader = {
    read: (path: string) => (path === "/a.yaml" ? TEXT : undefined),
    realPath: (p: string) => p,
    home: "/",
  };
  const { project, environment } = loadCompose(
    { files: ["/a.yaml"], folder: "/", name: "ai", environment: {} },
    reader,
  );
  const plan = planStack(project, { workingDir: "/", files: ["/a.yaml"] }, environment);
  const claims = gpuClaims(project, plan);
  const of = (service: string, from = plan) => from.containers.find((one) => one.service === service);

  test("claims stand with their place in the file", () => {
    expect(claims.map(({ service, count, ids, path }) => [service, count, ids, path.slice(2).join(".")])).toEqual([
      ["every", "all", [], "gpus.0"],
      ["named", 2, ["0", "1"], "gpus.0"],
      ["one", 1, [], "gpus.0"],
      ["some", 2, [], "deploy.resources.reservations.devices.0"],
    ]);
  });

  test("what is given is asked for by UUID, and labelled; other devices stay", () => {
    const mine = new Map(claims.filter(({ service }) => service === "some").map((one) => [one, ["GPU-4", "GPU-5"]]));
    const some = of("some", withGpus(plan, mine));
    expect(some?.labels[GPUS_LABEL]).toBe("GPU-4,GPU-5");
    expect(some?.settings.deviceRequests).toEqual([
      { driver: "cdi", deviceIds: ["nvidia.com/gpu=0"], capabilities: [] },
      { driver: "nvidia", deviceIds: ["GPU-4", "GPU-5"], capabilities: ["gpu"] },
      { driver: "tpu", count: 1, capabilities: ["tpu"] },
    ]);
    expect(of("one", withGpus(plan, mine))).toBe(of("one"));
  });

  test("without GPUs the rest stays", () => {
    const off = withoutGpus(plan, claims);
    expect(of("one", off)?.settings).not.toHaveProperty("deviceRequests");
    expect(of("some", off)?.settings.deviceRequests?.map(({ driver }) => driver)).toEqual(["cdi", "tpu"]);
    expect(of("none", off)).toBe(of("none"));
  });
});
