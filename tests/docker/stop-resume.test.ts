import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localCloudControl, nodeExec, preview, status, up } from "../../runner/index.ts";
import { counts, EXAMPLE_WORK, type TestStack, testStack } from "../stack.ts";
import { freeRange } from "./docker-fixture.ts";

/** The whole way of an idle node on real machines: it trains, idles, is stopped by the watcher, and comes back with everything. */
let stack: TestStack;
const MOUNT = "/mnt/finance-smollm3";

beforeAll(async () => {
  stack = await testStack({
    backend: "docker",
    actionScale: 0,
    config: {
      ...EXAMPLE_WORK,
      // More steps than it can take before somebody ends it.
      trainingCommand: `${EXAMPLE_WORK.trainingCommand} --steps 900000`,
      ...{ vpcIpRange: await freeRange(), volumeSizeGiB: 2, createTimeoutMinutes: 5 },
      ...{ autoShutdownHours: 1, sampleSeconds: 600, noticeMinutes: 10, stopStrategy: "snapshot" },
    },
  });
  await up(stack.options);
});
afterAll(() => stack?.remove());

const run = async (command: string) => {
  const result = await nodeExec({ ...stack.options, command, timeoutSeconds: 200 });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout.trim();
};

const words = ["--stack", "test", "--cloud", "local", "--json"];
const cli = async <T>(...args: string[]): Promise<T> => {
  const outcome = await stack.cli([...args, ...words]).done;
  expect(outcome.code, outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout) as T;
};

const control = <T>(method: "GET" | "POST" | "PUT", path: string, body?: unknown) =>
  localCloudControl<T>({ home: stack.home }, method, path, body);

/** Names and contents of all files that a person may have on the root disk, host keys and what the boot itself writes left out. */
const rootDigest = () =>
  run(
    "find ~root /opt /home /srv /usr/local /etc -xdev -type f ! -path '/etc/ssh/ssh_host_*' ! -path '/etc/machine-id' ! -path '/etc/host*' ! -path '/etc/resolv.conf' ! -path '/etc/fstab' ! -path '/etc/docker/key.json' ! -path ~root/'.ssh/*' ! -path '/usr/local/lib/windlass/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum",
  );
const volumeDigest = () =>
  run(`find ${MOUNT} -xdev -type f ! -path '${MOUNT}/.windlass/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum`);
const keptDigest = () => run("find /srv/notes /opt/tool -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum");

/** As somebody who has seen enough would: the job writes a last checkpoint. */
const endJob = () =>
  run(
    "pkill -TERM -f '^python3 examples/training/train.py' && for i in $(seq 1500); do [ -e /var/lib/windlass/training.exit ] && exit 0; sleep 0.1; done; exit 1",
  );
const newestStep = async () =>
  Number(
    await run(
      `cat $(ls -t ${MOUNT}/checkpoints/*.json | head -1) | python3 -c 'import json,sys; print(json.load(sys.stdin)["step"])'`,
    ),
  );

interface Pass {
  decisions: { decision: string; reason: string }[];
}

/** Drives the cloud's clock and lets the watcher look, as cron would, until it decides to stop. */
async function watchUntilStopped(): Promise<string[]> {
  const seen: string[] = [];
  for (let pass = 0; pass < 14; pass++) {
    const text = JSON.stringify(await cli<Pass>("watch", "--once"));
    seen.push(text);
    if ((await counts(stack)).droplets === 0) return seen;
    await control("POST", "clock/advance", { seconds: 600 });
  }
  throw new Error(`the watcher did not stop the node:\n${seen.join("\n")}`);
}

describe("a node that idles", () => {
  let root: string;
  let volume: string;
  let step: number;

  it("is left alone while its job runs, whatever the GPU does", async () => {
    const [node] = (await status(stack.options)).nodes;
    await control("PUT", "clock", { mode: "driven" });
    await control("PUT", `gpu/${node?.droplet_id}`, { gpus: { utilization: 0, memoryUsedMiB: 0 } });
    await run(
      "mkdir -p /srv/notes /opt/tool && head -c 3000000 /dev/urandom >/srv/notes/notebook && echo 1.2 >/opt/tool/version && echo mine >/etc/mine.conf",
    );
    await run(`head -c 2000000 /dev/urandom >${MOUNT}/data/mine`);
    const pass = JSON.stringify(await cli("watch", "--once"));
    expect(pass).toMatch(/job/);
    expect((await counts(stack)).droplets).toBe(1);
  });

  it("is stopped when it has idled for the whole window: the droplet is gone, the bill has ended", async () => {
    await endJob();
    step = await newestStep();
    [root, volume] = [await rootDigest(), await volumeDigest()];
    await watchUntilStopped();
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 1 });
    const before = await control<{ resources: { kind: string; amount: number; until: string | null }[] }>(
      "GET",
      "bill",
    );
    await control("POST", "clock/advance", { seconds: 36_000 });
    const after = await control<typeof before>("GET", "bill");
    const droplets = (bill: typeof before) => bill.resources.filter(({ kind }) => kind === "droplet");
    expect(droplets(after)).toEqual(droplets(before));
    expect(droplets(after).every(({ until }) => until !== null)).toBe(true);
    const running = after.resources.filter(({ until }) => until === null).map(({ kind }) => kind);
    expect(running.sort()).toEqual(["snapshot", "volume"]);
  });

  it("stays stopped for whoever looks", async () => {
    expect((await preview(stack.options)).changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    await up(stack.options);
    expect((await counts(stack)).droplets).toBe(0);
  });

  it("comes back with its root disk and its volume as they were, and does not train by itself", async () => {
    await cli("node", "resume", "--yes");
    expect(await rootDigest()).toBe(root);
    expect(await volumeDigest()).toBe(volume);
    expect(await newestStep()).toBe(step);
    expect((await preview(stack.options)).changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
  });

  it("stays up where a hook that is required fails", async () => {
    const { code, stdout } = await stack.cli([
      ...["node", "stop", "--hook", "echo not yet >&2; exit 3", "--require-hook", "--yes", ...words],
    ]).done;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: "StopFailed" });
    expect((await stack.objects()).droplets).toMatchObject([{ status: "active" }]);
    expect((await preview(stack.options)).changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
  });

  it("stops by the golden strategy and trains on from its checkpoint when it comes back", async () => {
    const kept = await keptDigest();
    const hook = "echo drained >/srv/drained; sleep 600";
    const stop = await cli<{ warnings: string[] }>(
      ...["node", "stop", "--strategy", "golden", "--hook", hook, "--hook-minutes", "0.25", "--yes"],
    );
    expect(stop.warnings.join()).toMatch(/hook/);
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 1 });
    await cli("node", "resume", "--run", "--yes");
    expect(await keptDigest()).toBe(kept);
    expect(await run("cat /srv/drained")).toBe("drained");
    // The log says where it began, and the checkpoints go on from there.
    await run(
      `for i in $(seq 1500); do grep -q 'starting at step ${step}$' ${MOUNT}/logs/training.log && exit 0; sleep 0.1; done; tail ${MOUNT}/logs/training.log >&2; exit 1`,
    );
    await run(
      `for i in $(seq 1500); do [ "$(ls ${MOUNT}/checkpoints | grep json$ | tail -1 | tr -dc 0-9 | sed 's/^0*//')" -gt ${step} ] && exit 0; sleep 0.1; done; exit 1`,
    );
  });
});
