import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { provisionResultSchema } from "../../domain/provision-result.ts";
import {
  down,
  health,
  localCloudControl,
  lookAtHealth,
  nodeExec,
  nodeGet,
  nodePut,
  status,
  type UpResult,
  up,
} from "../../runner/index.ts";
import { receivers } from "../engine/receivers.ts";
import { counts, EXAMPLE_WORK, errorOf, ONE_OF_EACH, type TestStack, testStack } from "../stack.ts";
import { until } from "./backend-fixture.ts";
import { freeRange } from "./docker-fixture.ts";

/** The main job on real machines: a node with volume, firewall, bootstrap, repository, data and a training job. */
let stack: TestStack;
let first: UpResult;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "windlass-node-test-"));
  stack = await testStack({
    backend: "docker",
    actionScale: 0,
    config: { ...EXAMPLE_WORK, vpcIpRange: await freeRange(), volumeSizeGiB: 2, createTimeoutMinutes: 5 },
  });
  first = await up(stack.options);
});
afterAll(async () => {
  await stack?.remove();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => stack.clearFaults());

const run = async (command: string) => {
  const result = await nodeExec({ ...stack.options, command, timeoutSeconds: 200 });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout.trim();
};

/** Whether a TCP connection comes about within five seconds. */
function reachable(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 5000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => setImmediate(() => end(false)));
    socket.on("error", () => end(false));
  });
}

describe("a node that was raised", () => {
  it("is described by a Droplet Provision Result with its cost", () => {
    const [node] = first.nodes;
    expect(provisionResultSchema.parse(node)).toMatchObject({
      status: "active",
      region: "tor1",
      size: "gpu-h100x1-80gb",
      volumes: [{ name: "finance-smollm3-data", size_gb: 2, mount_point: "/mnt/finance-smollm3" }],
    });
    expect(node?.cost.hourly_usd).toBeGreaterThan(4);
    expect(first.outputs.node).toMatchObject({
      firstCheckpoint: expect.objectContaining({ path: expect.stringContaining("/mnt/finance-smollm3/checkpoints") }),
    });
  });

  it("has its volume mounted, by id, with an fstab entry", async () => {
    expect(await run("findmnt --noheadings --output TARGET,FSTYPE /mnt/finance-smollm3")).toMatch(
      /\/mnt\/finance-smollm3\s+ext4/,
    );
    expect(await run("cat /etc/fstab")).toContain("/dev/disk/by-id/scsi-0DO_Volume_finance-smollm3-data");
  });

  it("has GPU, CUDA 12, Docker with NVIDIA's runtime, the repository and the data", async () => {
    expect(await run("nvidia-smi --query-gpu=name --format=csv,noheader")).toContain("H100");
    expect(await run("nvidia-smi | grep -o 'CUDA Version: 12'")).toBe("CUDA Version: 12");
    expect(await run("docker info --format '{{json .Runtimes}}'")).toContain("nvidia");
    expect(await run("ls /opt/windlass/examples/training/train.py")).toContain("train.py");
    const digest = createHash("sha256")
      .update(readFileSync(join(EXAMPLE_WORK.dataSource, "7.json")))
      .digest("hex");
    expect(await run("sha256sum /mnt/finance-smollm3/data/7.json")).toContain(digest);
  });

  it("lets nobody in but ssh from the configured address", async () => {
    const host = first.nodes[0]?.ip_address as string;
    await run(
      "nohup python3 -m http.server 8000 --bind 0.0.0.0 >/dev/null 2>&1 & for i in $(seq 600); do ss -ltn | grep -q :8000 && exit 0; sleep 0.1; done; exit 1",
    );
    expect(await reachable(host, 22)).toBe(true);
    expect(await reachable(host, 8000)).toBe(false);
    expect(await run("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8000/")).toBe("200");
  });

  it("takes no password", async () => {
    expect(await run("sshd -T | grep -i '^passwordauthentication'")).toBe("passwordauthentication no");
  });

  it("is healthy, and says what its GPU does", async () => {
    const id = first.nodes[0]?.droplet_id;
    const load = { utilization: 87, memoryUsedMiB: 40_000, temperatureC: 61, powerW: 500 };
    await localCloudControl({ home: stack.home }, "PUT", `gpu/${id}`, { gpus: [load] });
    // One that does not answer within 5 s is told as unhealthy: on a machine with other work that is a matter of luck.
    const result = await until(async () => {
      const [node] = await health(stack.options);
      return node?.checks.ssh_reachable ? node : undefined;
    });
    // The job keeps both cores of a small machine busy, which is worth a warning.
    expect(result?.status).toMatch(/^(healthy|degraded)$/);
    expect(result).toMatchObject({
      metrics: { gpu_util_percent: 87 },
      checks: { gpu_available: true, volume_mounted: true },
    });
  });

  it("whose GPU is too hot is told of at a real webhook, by a rule of a file", async () => {
    const id = first.nodes[0]?.droplet_id;
    const heat = (temperatureC: number) =>
      localCloudControl({ home: stack.home }, "PUT", `gpu/${id}`, {
        gpus: [{ utilization: 87, memoryUsedMiB: 40_000, temperatureC, powerW: 500 }],
      });
    const inbox = await receivers();
    const file = join(scratch, "health.yaml");
    writeFileSync(
      file,
      "targets: { nodes: { address: 'node:*', timeout: 60s } }\nalerts: [{ name: hot GPU, when: gpu_temperature_c > 85 }]\n",
    );
    const channels = {
      slackUrl: inbox.slackUrl,
      smtpUrl: inbox.smtpUrl,
      emailFrom: "a@example.com",
      emailTo: ["b@example.com"],
    };
    try {
      await heat(91);
      const [result] = (await lookAtHealth({ ...stack.options, file }, { channels })).results;
      expect(result).toMatchObject({ checks: { gpu_temperature_ok: false }, metrics: { gpu_temperature_c: 91 } });
      await lookAtHealth({ ...stack.options, file }, { channels });
      expect(inbox.slack).toEqual([expect.stringContaining("hot GPU: gpu_temperature_c is 91, above 85")]);
      expect(inbox.mails).toHaveLength(1);
      await heat(61);
      await lookAtHealth({ ...stack.options, file }, { channels });
      expect(inbox.slack[1]).toContain("resolved after");
    } finally {
      await inbox.close();
    }
  });

  it("gives back a file as it was put", async () => {
    const file = join(scratch, "weights.bin");
    writeFileSync(file, Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) & 255)));
    await nodePut({ ...stack.options, local: file, remote: "/srv/weights.bin" });
    await nodeGet({ ...stack.options, remote: "/srv/weights.bin", local: join(scratch, "back.bin") });
    expect(readFileSync(join(scratch, "back.bin")).equals(readFileSync(file))).toBe(true);
  });

  it("is left as it is by a second up", async () => {
    await run("echo kept > /mnt/finance-smollm3/kept.txt");
    const again = await up(stack.options);
    expect(again.changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    expect(await run("cat /mnt/finance-smollm3/kept.txt")).toBe("kept");
    // A cloud that does not answer at once is told as unknown.
    await until(async () => ((await status(stack.options)).nodes[0]?.status === "active" ? true : undefined));
  });
});

describe("what goes wrong on a node", () => {
  it("a repository that does not exist: BootstrapFailed that names it", async () => {
    stack.configure({ repositoryUrl: "file:///no/such/repository.git" });
    const error = await errorOf(up(stack.options));
    expect(error.toJSON()).toMatchObject({
      error: "BootstrapFailed",
      details: { reason: expect.stringContaining("/no/such/repository.git"), suggestion: expect.any(String) },
    });
    stack.configure({ repositoryUrl: EXAMPLE_WORK.repositoryUrl });
  });

  it("a volume that is full: an error that says so, and the next run goes on once there is room", async () => {
    const ballast = "/mnt/finance-smollm3/ballast";
    await run(
      `fallocate -l $(( $(df --output=avail -B1 /mnt/finance-smollm3 | tail -n 1) - 20000000 )) ${ballast} && head -c 100M /dev/zero >> ${ballast} || true`,
    );
    writeFileSync(join(scratch, "extra.json"), JSON.stringify(Array.from({ length: 400_000 }, (_, index) => index)));
    stack.configure({ dataSource: scratch });
    const error = await errorOf(up(stack.options));
    expect(JSON.stringify(error)).toMatch(/full|space/i);
    await run(`rm ${ballast}`);
    await up(stack.options);
    expect(await run("stat --format %s /mnt/finance-smollm3/data/extra.json")).toBe(
      String(statSync(join(scratch, "extra.json")).size),
    );
    stack.configure({ dataSource: EXAMPLE_WORK.dataSource });
  });

  it("a host key that is another one: SSHConnectionFailed, and no command runs", async () => {
    await run("cp -a /etc/ssh /srv/ssh.kept && rm /etc/ssh/ssh_host_* && ssh-keygen -A >/dev/null");
    const error = await errorOf(nodeExec({ ...stack.options, command: "touch /srv/ran" }));
    expect(error.toJSON()).toMatchObject({
      error: "SSHConnectionFailed",
      details: { reason: expect.stringMatching(/host key/i) },
    });
  });
});

describe("a node that is rebuilt", () => {
  it("keeps what is on the volume, and training goes on from its checkpoint", async () => {
    stack.configure({ generation: 2 });
    const rebuilt = await up(stack.options);
    expect(rebuilt.nodes[0]?.droplet_id).not.toBe(first.nodes[0]?.droplet_id);
    expect(await counts(stack)).toEqual(ONE_OF_EACH);
    expect(await run("cat /mnt/finance-smollm3/kept.txt")).toBe("kept");
    expect(await run("cat /mnt/finance-smollm3/logs/training.log")).toMatch(/starting at step [1-9]/);
  });

  it("whose sshd never starts: SSHConnectionFailed with the host, and the next run builds a new one", async () => {
    await stack.fault({ kind: "ssh-down" });
    stack.configure({ generation: 3 });
    process.env.WINDLASS_SSH_WAIT_SECONDS = "6";
    const error = await errorOf(up(stack.options)).finally(() => delete process.env.WINDLASS_SSH_WAIT_SECONDS);
    expect(error.toJSON()).toMatchObject({
      error: "SSHConnectionFailed",
      details: { host: expect.stringMatching(/^198\./), suggestion: expect.any(String) },
    });
    await stack.clearFaults();
    stack.configure({ generation: 4 });
    await up(stack.options);
    expect(await counts(stack)).toEqual(ONE_OF_EACH);
    expect(await run("cat /mnt/finance-smollm3/kept.txt")).toBe("kept");
  });
});

describe("a stack that is taken down", () => {
  it("leaves the volume, says what it costs, and takes it up again with its data", async () => {
    const before = (await stack.objects()).volumes?.[0]?.id;
    const result = await down(stack.options);
    expect(result.kept).toEqual([
      expect.objectContaining({ id: before, name: "finance-smollm3-data", sizeGiB: 2, monthlyUsd: 0.2 }),
    ]);
    expect(await counts(stack)).toEqual({ droplets: 0, volumes: 1, firewalls: 0, vpcs: 0, keys: 0 });
    await up(stack.options);
    expect((await stack.objects()).volumes?.map(({ id }) => id)).toEqual([before]);
    expect(await run("cat /mnt/finance-smollm3/kept.txt")).toBe("kept");
  });
});
