import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AdvisedNode, advise, type MeasuredUse, type SizeFacts, spread } from "./rightsizing.ts";

const size = (slug: string, hourlyUsd: number, shape: Partial<SizeFacts>): SizeFacts => ({
  ...{ slug, hourlyUsd, vcpus: 8, memoryMiB: 64 * 1024, diskGiB: 500, regions: ["tor1"] },
  ...shape,
});
const h100 = size("gpu-h100x1-80gb", 4.41, {
  ...{ vcpus: 20, memoryMiB: 245_760, diskGiB: 720, gpu: { model: "nvidia_h100", count: 1, vramGiB: 80 } },
});
const h100x8 = size("gpu-h100x8-640gb", 23.92, {
  ...{ vcpus: 160, memoryMiB: 1_966_080, diskGiB: 2046, gpu: { model: "nvidia_h100", count: 8, vramGiB: 80 } },
});
const l40s = size("gpu-l40sx1-48gb", 1.57, { gpu: { model: "nvidia_l40s", count: 1, vramGiB: 48 } });
const ada = size("gpu-4000adax1-20gb", 0.76, { gpu: { model: "nvidia_rtx_4000_ada", count: 1, vramGiB: 20 } });
const amd = size("gpu-mi300x1-192gb", 0.5, { gpu: { model: "amd_mi300x", count: 1, vramGiB: 192 } });
const c8 = size("c-8", 0.25, { memoryMiB: 16_384, diskGiB: 100 });
const c2 = size("c-2", 0.0625, { vcpus: 2, memoryMiB: 4096, diskGiB: 25 });
const SIZES = [h100, h100x8, l40s, ada, amd, c8, c2];

const even = (value: number) => ({ mean: value, p95: value, max: value });
const node = (changed: Partial<AdvisedNode> = {}): AdvisedNode => ({
  ...{ size: h100, region: "tor1", autoShutdownHours: 24, noticeMinutes: 0, strategy: "golden", usedRootGiB: 20 },
  ...changed,
});
const use = (changed: Partial<MeasuredUse> = {}): MeasuredUse => ({
  ...{ windowHours: 336, coverage: 1, idleStretches: [], cpu: even(10), memoryMiB: even(8000) },
  gpus: [{ utilization: even(90), memoryMiB: even(60_000) }],
  ...changed,
});
const gpu = (percent: number, memoryMiB: number) => ({ utilization: even(percent), memoryMiB: even(memoryMiB) });

describe("data that says too little", () => {
  it.each([
    ["two days", { windowHours: 48 }],
    ["holes in the readings", { coverage: 0.85 }],
    ["nothing at all", { windowHours: 0, coverage: 0 }],
  ])("gives no advice on %s, and says so", (_, changed) => {
    const { advice, notes } = advise(node(), use({ gpus: [gpu(0, 0)], idleStretches: [300], ...changed }), SIZES);
    expect(advice).toEqual([]);
    expect(notes[0]).toContain("advice wants 72 h");
  });

  it("says nothing of GPUs and idle hours that were not measured", () => {
    const { advice, notes } = advise(node(), use({ gpus: null, idleStretches: null }), SIZES);
    expect(advice).toEqual([]);
    expect(notes[0]).toContain("GPUs were not measured");
  });

  it("names no size with less CPU or memory where those were not measured", () => {
    const unmeasured = use({ gpus: [gpu(30, 10_000)], cpu: null, memoryMiB: null });
    expect(advise(node(), unmeasured, SIZES)).toMatchObject({ advice: [], notes: [expect.stringContaining("CPU")] });
    const twin = { ...l40s, vcpus: 20, memoryMiB: 245_760 };
    expect(advise(node(), unmeasured, [h100, { ...twin, vcpus: 19 }]).advice).toEqual([]);
    expect(advise(node(), unmeasured, [h100, twin]).advice[0]?.to).toBe("gpu-l40sx1-48gb");
  });
});

describe("sizes", () => {
  it("leaves a busy node as it is", () => {
    expect(advise(node(), use(), SIZES).advice).toEqual([]);
  });

  it("names the cheapest GPU of the region and the same maker whose memory is enough", () => {
    const [advice] = advise(node(), use({ gpus: [gpu(40, 30_000)] }), SIZES).advice;
    expect(advice).toMatchObject({ kind: "smaller gpu", to: "gpu-l40sx1-48gb", savingUsd: 2073.2 });
    expect(advice?.assumes.join(" ")).toMatch(/at most 2.5 times as long.*can be had in tor1.*500 GiB are enough/);
    expect(advise(node(), use({ gpus: [gpu(40, 15_000)] }), SIZES).advice[0]?.to).toBe("gpu-4000adax1-20gb");
  });

  it.each([
    ["its peaks are high", { gpus: [gpu(60, 10_000)] }],
    ["its memory is full", { gpus: [gpu(20, 70_000)] }],
    ["the CPU is needed", { gpus: [gpu(20, 10_000)], cpu: even(60) }],
    ["the memory is needed", { gpus: [gpu(20, 10_000)], memoryMiB: even(60_000) }],
  ])("keeps the GPU where %s", (_, changed) => {
    expect(advise(node(), use(changed), SIZES).advice).toEqual([]);
  });

  it("names nothing that the region has not", () => {
    const elsewhere = SIZES.map((one) => (one === h100 ? one : { ...one, regions: ["nyc2"] }));
    expect(advise(node(), use({ gpus: [gpu(10, 1000)] }), elsewhere).advice).toEqual([]);
  });

  it("gives up the GPU only where none was used", () => {
    const idle = use({ gpus: [gpu(0, 3)], cpu: even(5) });
    expect(advise(node(), idle, SIZES).advice[0]).toMatchObject({ kind: "no gpu", setting: "size", to: "c-8" });
    expect(advise(node(), { ...idle, gpus: [gpu(0, 20_000)] }, SIZES).advice[0]?.kind).not.toBe("no gpu");
  });

  it("gives up GPUs that did nothing", () => {
    const two = Array.from({ length: 8 }, (_, index) => gpu(index < 1 ? 90 : 0, index < 1 ? 60_000 : 3));
    const eight = node({ size: h100x8 });
    const calm = { cpu: even(2), memoryMiB: even(50_000) };
    expect(advise(eight, use({ gpus: two, ...calm }), SIZES).advice[0]).toMatchObject({
      ...{ kind: "fewer gpus", to: "gpu-h100x1-80gb", savingUsd: 14_242.3 },
    });
    const three = two.with(1, gpu(50, 10_000));
    expect(advise(eight, use({ gpus: three, ...calm }), SIZES).advice).toEqual([]);
  });

  it("counts a CPU droplet's month with its cap", () => {
    const cpu = use({ gpus: null, idleStretches: null, cpu: even(10), memoryMiB: even(2000) });
    const [advice] = advise(node({ size: c8 }), cpu, SIZES).advice;
    expect(advice).toMatchObject({ kind: "smaller size", to: "c-2", savingUsd: 126 });
  });
});

describe("the idle timer", () => {
  it("counts what a shorter one would have saved, less what stops and resumes cost", () => {
    const [advice] = advise(node(), use({ idleStretches: Array.from({ length: 14 }, () => 14) }), SIZES).advice;
    expect(advice).toMatchObject({ kind: "idle timer", from: "24", to: "1" });
    const most = ((14 * 13 * 4.41) / 336) * 730;
    expect(advice?.savingUsd).toBeLessThan(most);
    expect(advice?.savingUsd).toBeGreaterThan(most * 0.7);
    expect(advice?.why).toBe("it was idle for 196 of 336 h, in stretches of up to 14 h");
    expect(advice?.assumes.join("\n")).toContain("14 stops and resumes");
  });

  it("says nothing where the timer does that already, or stops would cost more than they save", () => {
    expect(advise(node({ autoShutdownHours: 1 }), use({ idleStretches: [14, 14] }), SIZES).advice).toEqual([]);
    const short = use({ idleStretches: Array.from({ length: 100 }, () => 1.1) });
    expect(advise(node({ usedRootGiB: 200, strategy: "snapshot" }), short, SIZES).advice).toEqual([]);
  });

  it("counts from what an unlimited timer has saved: nothing", () => {
    const [advice] = advise(node({ autoShutdownHours: "off" }), use({ idleStretches: [30] }), SIZES).advice;
    expect(advice).toMatchObject({ from: "off", to: "1" });
  });
});

it("never names what is dearer, smaller than what was used, or saves nothing", () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  const random = fc.record({
    gpus: fc.array(
      fc.tuple(percent, fc.integer({ min: 0, max: 80_000 })).map(([p, m]) => gpu(p, m)),
      { minLength: 1, maxLength: 1 },
    ),
    cpu: percent.map(even),
    memoryMiB: fc.integer({ min: 0, max: 240_000 }).map(even),
    idleStretches: fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 10 }),
  });
  fc.assert(
    fc.property(random, (measured) => {
      for (const { kind, to, savingUsd } of advise(node(), use(measured), SIZES).advice) {
        expect(savingUsd).toBeGreaterThan(0);
        if (kind === "idle timer") continue;
        const other = SIZES.find(({ slug }) => slug === to) as SizeFacts;
        expect(measured.memoryMiB.max).toBeLessThan(other.memoryMiB);
        expect((measured.cpu.p95 * 20) / 100).toBeLessThan(other.vcpus);
        if (other.gpu) expect(measured.gpus[0]?.memoryMiB.max ?? 0).toBeLessThan(other.gpu.vramGiB * 1024);
      }
    }),
  );
});

it("knows the mean, the 95th part of a hundred and the most of readings", () => {
  expect(spread([])).toBeNull();
  expect(spread([7])).toEqual({ mean: 7, p95: 7, max: 7 });
  expect(spread(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({ mean: 50.5, p95: 95, max: 100 });
});
