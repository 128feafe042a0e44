import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { parseTarget } from "../../domain/health/target.ts";
import { checkTargets } from "../../runner/health/check.ts";
import { localCloudControl, preview, up } from "../../runner/index.ts";
import { holdNode, releaseNode } from "../../runner/lifecycle/hold.ts";
import type { AuditRecord } from "../../runner/watch/audit.ts";
import type { LoadSource } from "../../runner/watch/observe.ts";
import type { PassDeps } from "../../runner/watch/pass.ts";
import { watch } from "../../runner/watch/watch.ts";
import { counts, errorOf, type TestStack, testStack } from "../stack.ts";
import { type Receivers, receivers } from "./receivers.ts";
import { until } from "./runner-project.ts";

const NODE = "finance-smollm3-gpu-train-001";
let stack: TestStack;
let inbox: Receivers;

beforeAll(async () => {
  inbox = await receivers();
  stack = await testStack({
    actionScale: 0,
    config: {
      ...{ autoShutdownHours: 1, sampleSeconds: 600, noticeMinutes: 10, maxLifetimeHours: 480, expireStoppedDays: 10 },
      ...{ emailTo: ["me@example.com"], snapshotDays: "off", detachedVolumeDays: "off" },
    },
  });
  await control("PUT", "clock", { mode: "driven", now: "2027-03-01T00:00:00Z" });
  await up(stack.options);
});
afterAll(async () => {
  await stack?.remove();
  await inbox?.close();
});

const control = (method: "GET" | "POST" | "PUT", path: string, body?: unknown) =>
  localCloudControl({ home: stack.home }, method, path, body);
const advance = (minutes: number) => control("POST", "clock/advance", { seconds: minutes * 60 });
const notices = async () =>
  ((await stack.objects()).tags ?? []).map(({ name }) => String(name)).filter((name) => name.includes("-notice:"));
const audit = () =>
  readFileSync(join(stack.home, "audit", "finance-smollm3-test.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditRecord);

/** Samples of the whole window, of this load. */
function load(utilization: number): LoadSource {
  return async (_, droplet, { now, windowMs, stepMs }) => {
    const samples = [];
    for (let at = now - windowMs - stepMs; at <= now; at += stepMs) {
      const gpus = Array.from({ length: droplet.gpu_info?.count ?? 0 }, () => ({ utilization, memoryUsedMiB: 900 }));
      samples.push({ at, gpus, sshSessions: 0, jobs: 0, loading: false });
    }
    return { samples };
  };
}
const idle = load(0);
const busy = load(97);

const channels = () => ({
  ...{ slackUrl: inbox.slackUrl, smtpUrl: inbox.smtpUrl },
  ...{ emailFrom: "windlass@example.com", emailTo: ["me@example.com"] },
});

const onePass = (source: LoadSource, deps: Partial<PassDeps> = {}) => ({
  ...{ once: true, housekeeping: false, deps: { load: source, channels: channels(), ...deps } },
});

/** One pass of the real watcher, with this load and the real receivers; without its many questions of retention, for the API's limits. */
async function pass(source: LoadSource, deps: Partial<PassDeps> = {}) {
  inbox.slack.length = 0;
  inbox.mails.length = 0;
  const result = await watch({ ...stack.options, ...onePass(source, deps) });
  return { ...result, act: result.decision?.act };
}

describe("a node that nobody can look into", () => {
  it("counts as active for ever", async () => {
    for (let hour = 0; hour < 3; hour++) {
      const result = await watch({ ...stack.options, once: true });
      expect(result).toMatchObject({ outcome: "done", phase: "running", idleness: { idle: false }, errors: [] });
      expect(result).toMatchObject({ retention: { items: 0 }, sweep: { orphans: 0 }, backups: { failures: [] } });
      expect(result.decision).toMatchObject({ act: "none", reason: expect.stringContaining("not known") });
      await advance(60);
    }
    expect(await counts(stack)).toMatchObject({ droplets: 1 });
    expect(await notices()).toEqual([]);
  });
});

describe("a health file", () => {
  it("has a service that fails told once by Slack and mail, and told again when it is well", async () => {
    const state = { status: 200 };
    const server = createServer((_, response) => void response.writeHead(state.status).end());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const file = join(stack.root, "health.yaml");
    const metricsFile = join(stack.home, "watch.prom");
    writeFileSync(
      file,
      `targets: { shop: "http://127.0.0.1:${port}/", machine: "droplet:${NODE}" }\nalerts: [{ name: down, when: unhealthy }]\n`,
    );
    try {
      expect(await pass(busy)).toMatchObject({
        health: { services: { healthy: 2, unhealthy: 0 }, alerts: [] },
        errors: [],
      });
      state.status = 503;
      const down = await watch({ ...stack.options, ...onePass(busy), metricsFile });
      expect(down.health).toMatchObject({ services: { unhealthy: 1 }, alerts: [{ service: "shop", phase: "firing" }] });
      expect(inbox.slack).toEqual([
        "*shop: down*\nwarning: shop: down: it is unhealthy: http_200: status 503 (for 0.0 s)",
      ]);
      expect(inbox.mails).toHaveLength(1);
      expect(readFileSync(metricsFile, "utf8")).toContain(
        'windlass_health_status{service="shop",status="unhealthy"} 1',
      );
      expect(await pass(busy)).toMatchObject({ health: { alerts: [{ phase: "firing" }] }, notices: [] });
      expect(inbox.slack).toEqual([]);
      state.status = 200;
      expect((await pass(busy)).health?.alerts).toMatchObject([{ phase: "resolved" }]);
      expect(inbox.slack[0]).toContain("shop: is well again");
      writeFileSync(file, "targets:\n  shop: nowhere\n");
      expect((await pass(busy)).errors).toMatchObject([
        { part: "health", reason: expect.stringContaining("health.yaml:2: targets.shop:") },
      ]);
    } finally {
      rmSync(file);
      server.closeAllConnections();
      server.close();
    }
  });
});

test("a droplet is as DigitalOcean says that it is, and one that is not there is unhealthy", async () => {
  const look = async (name: string) => (await checkTargets([parseTarget(`droplet:${name}`)], stack.options))[0]?.result;
  expect(await look(NODE)).toMatchObject({ service: NODE, status: "healthy", checks: { active: true } });
  expect(await look("gone")).toMatchObject({ status: "unhealthy", reason: expect.stringContaining("no droplet gone") });
});

describe("an idle node", () => {
  it("is announced by Slack and mail, with the price of its idle hours", async () => {
    const result = await pass(idle);
    expect(result).toMatchObject({
      act: "notice",
      phase: "running",
      idleness: { idle: true, coverage: 1 },
      errors: [],
    });
    expect(await notices()).toHaveLength(1);
    expect(inbox.slack).toHaveLength(1);
    expect(inbox.slack[0]).toMatch(/^\*finance-smollm3-gpu-train-001: it will be stopped at 2027-03-01T03:10Z\*/);
    expect(inbox.slack[0]).toMatch(/Each stopped hour saves \$\d+\.\d\d: the droplet's/);
    expect(inbox.slack[0]).toContain("as measured over the last 1 h: too short to say what a day saves");
    expect(inbox.mails).toHaveLength(1);
    expect(inbox.mails[0]).toContain("Subject: [windlass] finance-smollm3-gpu-train-001: it will be stopped");
    expect(inbox.mails[0]).toContain("To: me@example.com");
  });

  it("has the announcement taken back when it works again", async () => {
    expect(await pass(busy)).toMatchObject({ act: "withdraw", idleness: { idle: false } });
    expect(await notices()).toEqual([]);
    expect(inbox.slack[0]).toContain("it will not be stopped");
    expect(inbox.slack[0]).toContain("97 %");
  });

  it("is not stopped while it is held, nor right after", async () => {
    expect((await pass(idle)).act).toBe("notice");
    await advance(60);
    const held = await holdNode({ ...stack.options, for: "8h", why: "benchmark of the night" });
    expect(held).toMatchObject({ node: NODE, why: "benchmark of the night" });
    expect(await pass(idle)).toMatchObject({
      act: "withdraw",
      decision: { reason: expect.stringContaining("benchmark") },
    });
    expect((await pass(idle)).act).toBe("none");
    expect(await releaseNode(stack.options)).toMatchObject({ released: true });
    expect(await releaseNode(stack.options)).toMatchObject({ released: false });
    expect((await pass(idle)).act).toBe("notice");
    expect((await counts(stack)).droplets).toBe(1);
  });

  it("is only looked at by a dry run", async () => {
    await advance(10);
    const before = audit().length;
    const result = await watch({
      ...stack.options,
      once: true,
      dryRun: true,
      deps: { load: idle, channels: channels() },
    });
    expect(result).toMatchObject({ dryRun: true, decision: { act: "stop", outcome: "planned" }, notices: [] });
    expect(audit()).toHaveLength(before);
    expect((await counts(stack)).droplets).toBe(1);
  });

  it("is stopped by one of two watchers, though mail cannot be sent", async () => {
    let enter = () => {};
    const inside = new Promise<void>((resolve) => {
      enter = resolve;
    });
    let leave = () => {};
    const gate = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const slow: LoadSource = async (...words) => {
      enter();
      await gate;
      return idle(...words);
    };
    const first = pass(slow, { channels: { ...channels(), smtpUrl: "smtp://someone:hush-hush@127.0.0.1:1" } });
    await inside;
    const second = await watch({ ...stack.options, once: true, deps: { load: idle, channels: channels() } });
    expect(second).toMatchObject({
      outcome: "skipped",
      decision: null,
      holder: expect.stringMatching(`/${process.pid}$`),
    });
    leave();
    const result = await first;
    expect(result).toMatchObject({ act: "stop", decision: { outcome: "done" } });
    expect(result.errors).toMatchObject([{ part: "notice", reason: expect.stringContaining("ECONNREFUSED") }]);
    expect(JSON.stringify(result)).not.toContain("hush-hush");
    expect(inbox.slack[0]).toContain("it was stopped, and its bill has ended");
    expect(inbox.slack[0]).toMatch(/Still billed: .*finance-smollm3-data.*, \$10\.00 a month/);
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 1 });
    expect(await notices()).toEqual([]);
    expect((await preview(stack.options)).changes).toMatchObject({ create: 0, delete: 0, replace: 0 });
  });

  it("has every decision in the audit, with reason, evidence and actor", () => {
    const decisions = audit().filter(({ topic }) => topic === "stop");
    const acts = decisions.filter(({ outcome }) => outcome === "done").map(({ decision }) => decision);
    expect(acts).toEqual(["notice", "withdraw", "notice", "withdraw", "notice", "stop"]);
    const [begun, done] = decisions.filter(({ decision }) => decision === "stop");
    expect(begun).toMatchObject({ outcome: "begun", node: NODE, reason: expect.stringMatching(/^idle for/) });
    expect(begun?.evidence).toMatchObject({ phase: "running", autoShutdownHours: 1, idleness: { idle: true } });
    expect(begun?.actor).toMatchObject({ pid: process.pid });
    expect(done).toMatchObject({ outcome: "done", detail: { outcome: "stopped" } });
    expect(JSON.stringify(audit())).not.toContain("hush-hush");
  });
});

describe("a stopped node", () => {
  it("is left alone for its days, then announced a day ahead", async () => {
    expect(await pass(idle)).toMatchObject({ act: "none", phase: "stopped", idleness: null });
    await advance(8.9 * 1440);
    expect((await pass(idle)).act).toBe("none");
    await advance(0.2 * 1440);
    expect((await pass(idle)).act).toBe("notice");
    expect(inbox.slack[0]).toContain("its volume will be archived and deleted at 2027-03-11");
  });

  it("does not expire while it is held", async () => {
    await advance(2 * 1440);
    await holdNode({ ...stack.options, for: "2d", why: "thesis" });
    expect((await pass(idle)).act).toBe("withdraw");
    await advance(1440);
    expect((await pass(idle)).act).toBe("none");
    await advance(1441);
    expect((await pass(idle)).act).toBe("notice");
    await advance(1439);
    expect((await pass(idle)).act).toBe("none");
    expect((await counts(stack)).volumes).toBe(1);
  });

  it("expires: its volume is in a snapshot, then gone", async () => {
    await advance(2);
    expect(await pass(idle)).toMatchObject({ act: "expire", decision: { outcome: "done" } });
    const { snapshots = [] } = await stack.objects();
    expect(snapshots.filter(({ resource_type }) => resource_type === "volume")).toHaveLength(1);
    expect((await counts(stack)).volumes).toBe(0);
    expect(inbox.slack[0]).toContain("its volume was archived and deleted");
    expect(await pass(idle)).toMatchObject({ act: "none", phase: "expired" });
  });
});

describe("a node that works for too long", () => {
  beforeAll(async () => {
    await stack.forget();
    await control("PUT", "clock", { mode: "driven" });
    await up(stack.options);
  });

  it("is announced, and stopped while it works; a stop that fails is told of once", async () => {
    await advance(480 * 60 - 20);
    expect((await pass(busy)).act).toBe("none");
    await advance(11);
    expect((await pass(busy)).act).toBe("notice");
    expect(inbox.slack[0]).toContain("of at most 480 hours");
    await advance(10);
    const stop = () => Promise.reject(new Error("no room for snapshots"));
    const failed = await pass(busy, { stop });
    expect(failed).toMatchObject({ act: "stop", decision: { outcome: "failed" } });
    expect(failed.errors).toMatchObject([{ part: "decision", reason: expect.stringContaining("no room") }]);
    expect(inbox.slack.join()).toContain("it could not be stopped");
    expect((await pass(busy, { stop })).act).toBe("stop");
    expect(inbox.slack).toEqual([]);
    expect(await pass(busy)).toMatchObject({ act: "stop", decision: { outcome: "done" } });
    expect((await counts(stack)).droplets).toBe(0);
  });
});

describe("a droplet that was powered off", () => {
  it("is warned of once a day, because it is billed", async () => {
    await stack.forget();
    await control("PUT", "clock", { mode: "driven" });
    await up(stack.options);
    const { droplets = [] } = await stack.objects();
    await api("POST", `/v2/droplets/${droplets[0]?.id}/actions`, { type: "power_off" });
    await advance(1);
    expect((await pass(idle)).warnings).toMatchObject([{ topic: "powered-off" }]);
    expect(inbox.slack.join()).toContain("STILL BILLED");
    expect((await pass(idle)).warnings).toHaveLength(1);
    expect(inbox.slack).toEqual([]);
    await advance(1441);
    await pass(idle);
    expect(inbox.slack).toHaveLength(1);
  });
});

describe("the command line", () => {
  const words = ["--stack", "test", "--cloud", "local"];

  it("holds and releases, and refuses a hold without a reason or an end", async () => {
    const hold = await stack.cli(["node", "hold", NODE, "--for", "2d", "--why", "big run", "--json", ...words]).done;
    expect(hold.code, hold.stderr).toBe(0);
    expect(JSON.parse(hold.stdout)).toMatchObject({ node: NODE, why: "big run" });
    const release = await stack.cli(["node", "release", "--json", ...words]).done;
    expect(JSON.parse(release.stdout)).toMatchObject({ node: NODE, released: true });
    const silent = await stack.cli(["node", "hold", "--for", "8h", ...words]).done;
    expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining("--why") });
    for (const wrong of ["31d", "soon", "-1h", "0h"])
      expect((await errorOf(holdNode({ ...stack.options, for: wrong, why: "x" }))).exitCode).toBe(2);
    expect((await errorOf(holdNode({ ...stack.options, node: "no", for: "1h", why: "x" }))).code).toBe("NotFound");
  });

  it("prints one document for a pass, and a line for each pass of the loop until it is told to end", async () => {
    const once = await stack.cli(["watch", "--once", "--json", ...words]).done;
    expect(once.code, once.stderr).toBe(0);
    expect(JSON.parse(once.stdout)).toMatchObject({ outcome: "done", stack: "test", errors: [] });
    const metrics = join(stack.home, "watch.prom");
    const loop = stack.cli(["watch", "--every", "60", "--json", "--metrics", metrics, ...words]);
    let out = "";
    loop.child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    await until("there are two passes", () => out.split("\n").length > 2);
    loop.child.kill("SIGTERM");
    const ended = await loop.done;
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(readFileSync(metrics, "utf8")).toMatch(
      /^windlass_circuit_breaker_state\{service="digitalocean",destination="127\.0\.0\.1:\d+",state="closed"\} 1$/m,
    );
    const passes = ended.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { at: string });
    expect(passes.length).toBeGreaterThanOrEqual(2);
    expect(Date.parse(passes[1]?.at ?? "") - Date.parse(passes[0]?.at ?? "")).toBeGreaterThanOrEqual(60_000);
  });

  it("prints a unit for systemd and a line for cron", async () => {
    const unit = await stack.cli(["watch", "--print-unit", ...words]).done;
    expect(unit.stdout).toMatch(/ExecStart=\/\S+\/windlass watch --stack test --cwd /);
    const cron = await stack.cli(["watch", "--print-unit", "cron", ...words]).done;
    expect(cron.stdout).toMatch(/^\*\/5 \* \* \* \* \S+ \/\S+\/windlass watch --once --stack test/m);
  });
});

/** One call of the cloud's API, as somebody with a token could make it. */
async function api(method: string, path: string, body: unknown): Promise<void> {
  const { url, token } = JSON.parse(readFileSync(join(stack.home, "cloud", "cloud.json"), "utf8"));
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
  expect(answer.ok).toBe(true);
}
