import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stopSnapshotName } from "../../domain/node-marker.ts";
import {
  down,
  localCloudControl,
  openNodeStack,
  preview,
  resumeNode,
  status,
  stopNode,
  up,
} from "../../runner/index.ts";
import { placeMarker } from "../../runner/lifecycle/markers.ts";
import { errorOf, type TestStack, testStack } from "../stack.ts";

const NODE = "finance-smollm3-gpu-train-001";
const SIZE = "gpu-h100x1-80gb";
const FALLBACK = "gpu-mi325x1-256gb";
const UNCHANGED = { create: 0, update: 0, replace: 0, delete: 0 };

let stack: TestStack;
beforeAll(async () => {
  stack = await testStack({ actionScale: 0.0005, config: { reservedIp: true } });
  await up(stack.options);
});
afterAll(() => stack.remove());

const open = (more = {}) => openNodeStack({ ...stack.options, ...more });
const stop = async (options = {}) => stopNode(await open(), options);
const resume = async (options = {}) => resumeNode(await open(), options);
const control = <T>(method: "GET" | "POST" | "PUT", path: string, body?: Record<string, unknown>) =>
  localCloudControl<T>({ home: stack.home }, method, path, body);

interface Bill {
  resources: { kind: string; id: string; until: string | null }[];
}

async function names(kind: string): Promise<string[]> {
  return ((await stack.objects())[kind] ?? []).map(({ name }) => String(name));
}

/** Kinds of markers that are in the account. */
async function markers(): Promise<string[]> {
  return (await names("tags"))
    .flatMap((name) => /^windlass-(stopping|stopped|resuming|expired|size|notice):/.exec(name)?.[1] ?? [])
    .sort();
}

async function droplets(): Promise<Record<string, unknown>[]> {
  return (await stack.objects()).droplets ?? [];
}

/** Droplets that are charged for at this moment. */
async function billedDroplets(): Promise<string[]> {
  const { resources } = await control<Bill>("GET", "bill");
  return resources.flatMap(({ kind, id, until }) => (kind === "droplet" && until === null ? [id] : []));
}

async function expectStopped(): Promise<void> {
  expect(await droplets()).toEqual([]);
  expect(await billedDroplets()).toEqual([]);
  expect(await names("volumes")).toEqual(["finance-smollm3-data"]);
  expect(await markers()).toEqual(["stopped"]);
  expect((await names("ssh_keys")).filter((name) => name.startsWith("windlass-lease"))).toEqual([]);
  expect((await preview(stack.options)).changes).toMatchObject(UNCHANGED);
}

async function expectRunning(size = SIZE): Promise<void> {
  expect(await droplets()).toMatchObject([{ name: NODE, status: "active", size_slug: size }]);
  expect(await billedDroplets()).toHaveLength(1);
  expect(await names("volumes")).toEqual(["finance-smollm3-data"]);
  expect(await markers()).toEqual(size === SIZE ? [] : ["size"]);
  expect((await preview(stack.options)).changes).toMatchObject(UNCHANGED);
}

/** Where a stop waits until the faults are cleared, and where a resume does. */
const IN_SNAPSHOT = { kind: "stuck-action", actionType: "snapshot" };
const IN_CREATE = { kind: "stuck-action", actionType: "create" };
/** Longer than anybody needs to see the marker that is placed before it. */
const IN_DESTROY = { kind: "delay", method: "DELETE", path: "^/v2/droplets/", seconds: 60 };

/** Waits for a condition of the cloud. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 120_000;
  while (!(await condition())) if (performance.now() > end) throw new Error("it never came to that");
}

describe("a node is stopped and comes back", () => {
  const address = async () => (await stack.objects()).reserved_ips?.[0]?.ip;
  let reserved: unknown;
  beforeAll(async () => {
    reserved = await address();
  });

  test("a dry run tells what it takes and changes nothing", async () => {
    const { outcome, plan } = await stop({ dryRun: true });
    expect(outcome).toBe("planned");
    expect(plan).toMatchObject({ node: NODE, strategy: "snapshot", size: SIZE, hourlyUsd: expect.any(Number) });
    expect(plan?.breakEven?.sources.length).toBeGreaterThan(0);
    await expectRunning();
  });

  test("a stop that is not confirmed changes nothing", async () => {
    expect((await errorOf(stop({ confirm: async () => false }))).code).toBe("Cancelled");
    await expectRunning();
  });

  test("stop ends the droplet and its bill, and keeps volume, snapshot and address", async () => {
    const [before] = await droplets();
    const result = await stop();
    expect(result).toMatchObject({ outcome: "stopped", strategy: "snapshot", node: NODE, destroyed: [before?.id] });
    await expectStopped();
    const { snapshots, reserved_ips } = await stack.objects();
    expect(snapshots).toMatchObject([{ id: result.image, name: `windlass-stop-${NODE}-${result.operation}` }]);
    expect(snapshots?.[0]?.tags).toEqual(
      expect.arrayContaining(["windlass", "windlass-stack:test", `windlass-node:${NODE}`]),
    );
    expect(reserved_ips).toMatchObject([{ ip: reserved, droplet: null }]);
    expect(result.stillBilled.map(({ kind }) => kind).sort()).toEqual(["reserved ip", "snapshot", "volume"]);
  });

  test("a stopped node is stopped already, and up raises nothing", async () => {
    expect(await stop()).toMatchObject({ outcome: "already" });
    const { changes, nodes, outputs } = await up(stack.options);
    expect(changes).toMatchObject(UNCHANGED);
    expect(nodes).toEqual([]);
    expect(outputs.node).toMatchObject({ name: NODE, status: "stopped" });
    await expectStopped();
  });

  test("up of a stopped node does not mind that its size and image cannot be had", async () => {
    stack.configure({ image: "no-such-image", gpuSize: "gpu-x9x1-1gb" });
    expect((await up(stack.options)).changes).toMatchObject(UNCHANGED);
    stack.configure({ image: "gpu-h100x1-base", gpuSize: SIZE });
  });

  test("status shows it, what it still costs and how it comes back", async () => {
    const { nodes, stopped } = await status(stack.options);
    expect(nodes).toEqual([]);
    expect(stopped).toMatchObject([{ name: NODE, status: "stopped", image: expect.stringMatching(/^\d+$/) }]);
    expect(stopped[0]?.still_billed.map(({ kind }) => kind).sort()).toEqual(["reserved ip", "snapshot", "volume"]);
    expect(stopped[0]?.monthly_usd).toBeGreaterThan(10);
    expect(stopped[0]?.resume).toBe(`windlass node resume ${NODE} --stack test`);
  });

  test("an unknown node is refused, and the stopped one is named", async () => {
    const error = await errorOf(open({ node: "train-999" }));
    expect(error.code).toBe("NotFound");
    expect(error.details.suggestion).toContain(`${NODE} (stopped)`);
  });

  test("resume brings it back from the snapshot with its volume and its address", async () => {
    const [snapshot] = (await stack.objects()).snapshots ?? [];
    const result = await resume();
    expect(result).toMatchObject({ outcome: "resumed", image: snapshot?.id, size: SIZE });
    await expectRunning();
    const objects = await stack.objects();
    expect(objects.droplets).toMatchObject([{ id: result.dropletId, image: { id: Number(snapshot?.id) } }]);
    expect(objects.volumes).toMatchObject([{ droplet_ids: [result.dropletId] }]);
    expect(objects.reserved_ips).toMatchObject([{ ip: reserved, droplet: { id: result.dropletId } }]);
  });

  test("resume of a running node does nothing and says so", async () => {
    const before = await stack.objects();
    expect(await resume()).toMatchObject({ outcome: "already" });
    expect(await stack.objects()).toEqual(before);
  });
});

describe("where no machine can be had", () => {
  test("the same size is tried again, then it is there", async () => {
    await stop();
    await stack.fault({ kind: "capacity", size: SIZE, times: 2 });
    const told: string[] = [];
    const onEvent = (event: { kind: string; text?: string }) => void told.push(event.text ?? "");
    expect(await resume({ onEvent })).toMatchObject({ outcome: "resumed", size: SIZE });
    expect(told.filter((text) => /trying again in/.test(text))).toEqual([
      expect.stringContaining("in 1 min"),
      expect.stringContaining("in 2 min"),
    ]);
    await expectRunning();
  });

  test("without any size everything stays stopped, and the error says what is possible", async () => {
    await stop();
    await stack.fault({ kind: "capacity", times: 0 });
    const error = await errorOf(resume({ wait: false, fallbackSizes: [FALLBACK] }));
    await stack.clearFaults();
    expect(error.code).toBe("ProvisionFailed");
    expect(error.details).toMatchObject({ sizes: [SIZE, FALLBACK], move: { gib: 100 } });
    expect(error.details.reason).toContain("stays stopped");
    expect(error.details.suggestion).toContain("copied by data");
    await expectStopped();
  });

  test("a fallback size is taken, and a plain preview has nothing against it", async () => {
    await stack.fault({ kind: "capacity", size: SIZE, times: 0 });
    expect(await resume({ wait: false, fallbackSizes: [FALLBACK] })).toMatchObject({ size: FALLBACK });
    await stack.clearFaults();
    await expectRunning(FALLBACK);
    await stop();
    await expectStopped();
  });

  test("the next resume goes back to the config's size", async () => {
    expect(await resume()).toMatchObject({ size: SIZE });
    await expectRunning();
  });
});

describe("what goes wrong loses nothing", () => {
  test("a snapshot that fails leaves the node off and billed, and says so; resume powers it on", async () => {
    await stack.fault({ kind: "errored-action", actionType: "snapshot" });
    const error = await errorOf(stop());
    expect(error.code).toBe("StopFailed");
    expect(error.message).toContain("STILL BILLED");
    expect(await droplets()).toMatchObject([{ status: "off" }]);
    expect(await markers()).toEqual(["stopping"]);
    expect(await resume()).toMatchObject({ outcome: "cancelled" });
    await expectRunning();
  });

  test("a snapshot that never completes is given up after hours, and the droplet is not destroyed", async () => {
    await control("PUT", "clock", { mode: "driven" });
    await stack.fault({ kind: "stuck-action", actionType: "snapshot" });
    const error = await errorOf(stop());
    await control("PUT", "clock", { mode: "scaled", scale: 1 });
    await stack.clearFaults();
    expect(error.message).toMatch(/not completed within 4 h.*STILL BILLED/);
    expect(await droplets()).toMatchObject([{ status: "off" }]);
    expect(await stop()).toMatchObject({ outcome: "stopped" });
    await expectStopped();
  });

  test("a snapshot deleted by hand: the error names the way out, and with an image it comes back", async () => {
    const { cloud } = await open();
    for (const { id } of await cloud.snapshots("droplet")) await cloud.deleteSnapshot(id);
    const error = await errorOf(resume());
    expect(error.code).toBe("ResumeFailed");
    expect(error.details.suggestion).toContain("--image gpu-h100x1-base");
    await expectStopped();
    expect(await resume({ image: "gpu-h100x1-base" })).toMatchObject({ outcome: "resumed" });
    await expectRunning();
  });

  test("two at a time: the second is told who works on the node", async () => {
    await stack.fault({ ...IN_SNAPSHOT });
    const first = stop();
    await until(async () => (await markers()).includes("stopping"));
    const errors = await Promise.all([errorOf(resume()), errorOf(down(stack.options))]);
    expect(errors.map(({ code }) => code)).toEqual(["StackLocked", "StackLocked"]);
    await stack.clearFaults();
    expect(await first).toMatchObject({ outcome: "stopped" });
    await expectStopped();
  });

  test("down keeps that it is stopped, with the snapshot; resume makes all of it again", async () => {
    const { stopped } = await down(stack.options);
    expect(stopped).toMatchObject({ node: NODE, snapshots: [{ kind: "snapshot" }] });
    expect(await names("volumes")).toEqual(["finance-smollm3-data"]);
    expect(await markers()).toEqual(["stopped"]);
    expect(await resume()).toMatchObject({ outcome: "resumed", image: stopped?.image });
    await expectRunning();
  });
});

describe("killed at any point, the same command goes on", () => {
  /** kill -9 of a command as soon as the cloud looks like that; `hold` keeps it from being done before. */
  async function killWhen(args: string[], condition: () => Promise<boolean>, hold: object): Promise<void> {
    await stack.fault({ ...hold });
    const { child, done } = stack.cli([...args, "--yes", "--stack", "test", "--json"]);
    const early = done.then(({ code, stderr }) => {
      throw new Error(`it ended with ${code} before that: ${stderr}`);
    });
    await Promise.race([until(condition), early]);
    child.kill("SIGKILL");
    expect((await done).signal).toBe("SIGKILL");
    await early.catch(() => undefined);
    await stack.clearFaults();
  }
  const marked = (kind: string) => async () => (await markers()).includes(kind);

  test.each([
    ["stopping", IN_SNAPSHOT],
    ["stopped", IN_DESTROY],
  ])("stop, killed when it is marked as %s", async (kind, hold) => {
    await killWhen(["node", "stop"], marked(kind), hold);
    expect((await stop()).outcome).toMatch(/stopped|already/);
    await expectStopped();
    expect(await resume()).toMatchObject({ outcome: "resumed" });
    await expectRunning();
  });

  test("stop, killed while the snapshot is taken: it is not taken twice", async () => {
    const before = (await names("snapshots")).length;
    const { cloud } = await open();
    const [droplet] = await cloud.droplets();
    const isTaken = async () =>
      (await cloud.dropletActions(droplet?.id ?? 0)).some((a) => a.type === "snapshot" && a.status === "in-progress");
    await killWhen(["node", "stop"], isTaken, IN_SNAPSHOT);
    expect(await stop()).toMatchObject({ outcome: "stopped" });
    expect(await names("snapshots")).toHaveLength(before + 1);
    await expectStopped();
  });

  test("resume, killed when it is marked as resuming", async () => {
    await killWhen(["node", "resume"], marked("resuming"), IN_CREATE);
    expect(await resume()).toMatchObject({ outcome: "resumed" });
    await expectRunning();
  });

  test.each([
    ["stop", "stopping", IN_SNAPSHOT],
    ["resume", "resuming", IN_CREATE],
  ])("windlass recover finishes a %s that was killed", async (operation, kind, hold) => {
    if (operation === "resume") await stop();
    await killWhen(["node", operation], marked(kind), hold);
    const { stdout, code } = await stack.cli(["recover", "--stack", "test", "--json"]).done;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).node).toMatchObject({ unfinished: operation, finished: true });
    if (operation === "stop") await expectStopped();
    else await expectRunning();
    if (operation === "stop") await resume();
  });

  test("stop, killed after its snapshot, and powered on by hand since: the work done since is in a new snapshot", async () => {
    const { cloud, owner } = await open();
    const [droplet] = await cloud.droplets();
    const old = stopSnapshotName(NODE, "0000old");
    await placeMarker(cloud, owner, { kind: "stopping", operation: "0000old", strategy: "snapshot" });
    const { id } = await cloud.dropletAction(droplet?.id ?? 0, { type: "snapshot", name: old });
    await until(async () => (await cloud.action(id)).status === "completed");
    expect(await names("snapshots")).toContain(old);
    const { operation } = await stop();
    expect(operation).not.toBe("0000old");
    expect(await names("snapshots")).not.toContain(old);
    expect(await names("snapshots")).toContain(stopSnapshotName(NODE, operation ?? ""));
    await expectStopped();
    await resume();
  });

  test("resume, killed when the droplet is there", async () => {
    await stop();
    await killWhen(["node", "resume"], async () => (await droplets()).length > 0, IN_CREATE);
    expect(await resume()).toMatchObject({ outcome: "resumed" });
    await expectRunning();
  });
});
