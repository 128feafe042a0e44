import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { budgetRefusal, budgetsOf } from "../../runner/budget.ts";
import { confirmBudget, type EnforceOptions, enforceBudget } from "../../runner/budget-enforce.ts";
import { budgetReport } from "../../runner/budget-report.ts";
import { localCloudControl, resolveTarget, up } from "../../runner/index.ts";
import { holdNode, releaseNode } from "../../runner/lifecycle/hold.ts";
import { stackConfig } from "../../runner/prepare.ts";
import type { AuditRecord } from "../../runner/watch/audit.ts";
import type { LoadSource } from "../../runner/watch/observe.ts";
import type { PassDeps } from "../../runner/watch/pass.ts";
import { watch } from "../../runner/watch/watch.ts";
import { counts, errorOf, type TestStack, testStack } from "../stack.ts";
import { type Receivers, receivers } from "./receivers.ts";

const NODE = "finance-smollm3-gpu-train-001";
/** Dollars an hour: the node, and 100 GiB for $10 a month. */
const RATE = 4.41 + 10 / 730;
const LIMIT = { maxMonthlySpendUsd: 100 };
const NONE = { maxMonthlySpendUsd: undefined, maxAccountSpendUsd: undefined, budgetAction: undefined };
let stack: TestStack;
let inbox: Receivers;

beforeAll(async () => {
  inbox = await receivers();
  stack = await testStack({
    actionScale: 0,
    config: {
      ...{ autoShutdownHours: 24, sampleSeconds: 600, noticeMinutes: 10, maxLifetimeHours: 8760 },
      ...{ emailTo: ["me@example.com"], snapshotDays: "off", detachedVolumeDays: "off" },
    },
  });
});
afterAll(async () => {
  await stack?.remove();
  await inbox?.close();
});

const control = (method: "GET" | "POST" | "PUT", path: string, body?: unknown) =>
  localCloudControl({ home: stack.home }, method, path, body);
const advance = (hours: number) => control("POST", "clock/advance", { seconds: Math.round(hours * 3600) });
const spend = (usd: number) => advance(usd / RATE);
const tags = async () =>
  ((await stack.objects()).tags ?? []).map(({ name }) => String(name)).filter((name) => name.includes("-budget-"));
const audit = () =>
  readFileSync(join(stack.home, "audit", "finance-smollm3-test.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditRecord)
    .filter(({ topic }) => topic === "budget");
const refusal = () => {
  const target = resolveTarget(stack.options);
  return budgetRefusal(target, stackConfig(target));
};

/** A node that is up since the first of a month, with this budget. */
async function began(month: string, config: Record<string, unknown>): Promise<void> {
  await stack.forget();
  await stack.clearFaults();
  stack.configure({ ...NONE });
  await control("PUT", "clock", { mode: "driven", now: `${month}-01T00:00:00Z` });
  await up(stack.options);
  stack.configure(config);
}

/** Samples of this load, of the last hour only: too few for windlass:autoShutdownHours. */
function load(utilization: number): LoadSource {
  return async (_, droplet, { now, windowMs, stepMs }) => {
    const samples = [];
    for (let at = now - Math.min(windowMs, 3_600_000) - stepMs; at <= now; at += stepMs) {
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

/** One pass of the real watcher, with this load and the real receivers. */
async function pass(source: LoadSource, deps: Partial<PassDeps> = {}, more: { stack?: string; dryRun?: boolean } = {}) {
  inbox.slack.length = 0;
  inbox.mails.length = 0;
  const given = { load: source, channels: channels(), ...deps };
  return watch({ ...stack.options, ...more, once: true, housekeeping: false, deps: given });
}
const enforce = (more: Partial<EnforceOptions> = {}) => enforceBudget({ ...stack.options, load: idle, ...more });

describe("a month's budget", () => {
  beforeAll(() => began("2027-03", LIMIT));

  it("is within its limit at first", async () => {
    await spend(34);
    const [seen] = (await pass(busy)).budgets ?? [];
    expect(seen).toMatchObject({ scope: "stack", limitUsd: 100, exhausted: false, news: [], stop: "none" });
    expect(seen?.percent).toBeCloseTo(34, 1);
    expect(inbox.slack).toEqual([]);
    expect(await tags()).toEqual([]);
    expect(await refusal()).toBeUndefined();
    expect(await enforce()).toMatchObject({ outcome: "within", month: "2027-03" });
  });

  it("is told of once, by one of two watchers, when half of it is spent", async () => {
    await spend(17);
    expect((await pass(busy, {}, { dryRun: true })).budgets).toMatchObject([{ news: [50] }]);
    expect([inbox.slack, await tags()]).toEqual([[], []]);
    const outcomes: string[] = [];
    const besideAnother: LoadSource = async (...words) => {
      outcomes.push((await pass(busy)).outcome);
      return busy(...words);
    };
    outcomes.push((await pass(besideAnother)).outcome);
    expect(outcomes).toEqual(["skipped", "done"]);
    expect(inbox.slack).toHaveLength(1);
    expect(inbox.slack[0]).toMatch(/^\*stack test: 50 % of the month's budget is spent\*/);
    expect(inbox.slack[0]).toMatch(/has spent \$51\.\d\d this month, 51(\.\d)? % of \$100\.00/);
    expect(inbox.mails).toHaveLength(1);
    expect(inbox.mails[0]).toContain("Subject: [windlass] stack test: 50 % of the month's budget is spent");
    expect(await tags()).toEqual([
      expect.stringMatching(/^windlass-budget-told:stack:finance-smollm3:test:2027-03:10000:50:\d+$/),
    ]);
    expect((await pass(busy)).budgets).toMatchObject([{ news: [] }]);
    expect(inbox.slack).toEqual([]);
  });

  it("refuses at 100 %, and stops nothing, by default", async () => {
    await spend(68);
    expect(await refusal()).toMatch(/^this stack has spent \$119\.\d\d this month, 119(\.\d)? % of \$100\.00/);
    expect((await pass(idle)).budgets).toMatchObject([{ news: [80, 100], exhausted: true, stop: "none" }]);
    expect(inbox.slack).toHaveLength(1);
    expect(inbox.slack[0]).toContain("100 % of the month's budget");
    await advance(1);
    await pass(idle);
    expect(inbox.slack).toEqual([]);
    expect(await counts(stack)).toMatchObject({ droplets: 1 });
    expect(await enforce()).toMatchObject({ outcome: "none", reason: expect.stringContaining("nothing is stopped") });
  });

  it("keeps windlass up from raising the bill", async () => {
    stack.configure({ maxMonthlySpendUsd: undefined, maxAccountSpendUsd: 100, volumeSizeGiB: 200 });
    const error = await errorOf(up(stack.options));
    stack.configure({ ...LIMIT, maxAccountSpendUsd: undefined, volumeSizeGiB: 100 });
    expect(error).toMatchObject({ code: "BudgetExceeded", exitCode: 3 });
    expect(error.message).toMatch(/the account has spent \$12\d\./);
    const { volumes = [] } = await stack.objects();
    expect(volumes).toMatchObject([{ size_gigabytes: 100 }]);
  });

  it("only tells with alert, is another one with another limit, and is shown", async () => {
    stack.configure({ budgetAction: "alert" });
    expect(await refusal()).toBeUndefined();
    stack.configure({ budgetAction: "refuse", maxMonthlySpendUsd: 150, budgetThresholds: [80, 90] });
    expect(await refusal()).toBeUndefined();
    await pass(busy);
    expect(inbox.slack[0]).toContain("80 % of the month's budget");
    const report = await stack.cli(["budget", "--json", "--stack", "test"]).done;
    expect(report.code, report.stderr).toBe(0);
    expect(JSON.parse(report.stdout)).toMatchObject({
      ...{ stack: "test", month: "2027-03" },
      budgets: [
        { scope: "stack", limitUsd: 150, thresholds: [80, 90, 100], reached: [80], told: [80], confirmedAt: null },
      ],
    });
    const text = await stack.cli(["budget", "--stack", "test"]).done;
    expect(text.stdout).toMatch(/this stack has spent \$12\d\.\d\d this month, 8\d(\.\d)? % of \$150\.00/);
  });

  it("begins anew with the month", async () => {
    stack.configure({ ...LIMIT, budgetThresholds: undefined });
    expect(await refusal()).toContain("this stack");
    await control("PUT", "clock", { mode: "driven", now: "2027-04-01T01:00:00Z" });
    const result = await pass(busy);
    expect(result.budgets).toMatchObject([{ exhausted: false, news: [] }]);
    expect(await tags()).toEqual([]);
    expect(await refusal()).toBeUndefined();
  });
});

describe("stop-idle", () => {
  beforeAll(async () => {
    await began("2027-05", { ...LIMIT, budgetAction: "stop-idle" });
    await spend(102);
  });

  it("is announced, and leaves a node alone that works, is held, or cannot be looked into", async () => {
    expect((await pass(idle)).budgets).toMatchObject([{ news: [50, 80, 100], stop: "none" }]);
    expect(inbox.slack[0]).toContain("A node that is idle is stopped, in 10 minutes at the earliest");
    await advance(0.2);
    expect((await pass(busy)).budgets).toMatchObject([{ stop: "idle", reason: expect.stringContaining("$100.00") }]);
    await holdNode({ ...stack.options, for: "1h", why: "thesis" });
    await pass(idle);
    await releaseNode(stack.options);
    await pass(() => Promise.reject(new Error("no route to host")));
    expect(await counts(stack)).toMatchObject({ droplets: 1 });
    const reasons = audit()
      .filter(({ decision }) => decision === "none")
      .map(({ reason }) => reason);
    expect(reasons.slice(-3)).toEqual([
      expect.stringContaining("97 %"),
      expect.stringContaining("thesis"),
      expect.stringContaining("no route to host"),
    ]);
  });

  it("tells once of a stop that fails", async () => {
    const stop = () => Promise.reject(new Error("no room for snapshots"));
    const failed = await pass(idle, { stop });
    expect(failed.budgets).toMatchObject([{ outcome: "failed" }]);
    expect(failed.errors).toMatchObject([{ part: "budget", reason: expect.stringContaining("no room") }]);
    expect(inbox.slack.join()).toContain("it could not be stopped");
    await pass(idle, { stop });
    expect(inbox.slack).toEqual([]);
  });

  it("stops a node that is idle now, though mail cannot be sent", async () => {
    const result = await pass(idle, { channels: { ...channels(), smtpUrl: "smtp://127.0.0.1:1" } });
    expect(result.budgets).toMatchObject([{ outcome: "done" }]);
    expect(result.errors).toMatchObject([{ part: "notice" }]);
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 1 });
    expect(inbox.slack.join()).toContain("it was stopped, and its bill has ended");
    expect(inbox.slack.join()).toContain("this stack has spent $10");
    const [begun, done] = audit().slice(-2);
    expect(begun).toMatchObject({ decision: "stop", outcome: "begun", node: NODE, evidence: { limitUsd: 100 } });
    expect(done).toMatchObject({ decision: "stop", outcome: "done", detail: { outcome: "stopped" } });
  });

  it("still refuses once the node, and what it cost, is gone from the sums", async () => {
    expect(await refusal()).toContain("this stack");
    expect((await pass(idle)).budgets).toMatchObject([{ exhausted: true, news: [] }]);
    expect(inbox.slack).toEqual([]);
    expect(await enforce()).toMatchObject({ outcome: "none", reason: expect.stringContaining("the node is stopped") });
  });
});

describe("stop-all", () => {
  beforeAll(() => began("2027-07", { ...LIMIT, budgetAction: "stop-all" }));

  it("cannot be confirmed ahead", async () => {
    const error = await errorOf(confirmBudget(stack.options));
    expect(error).toMatchObject({ code: "UsageError", exitCode: 2 });
    expect(error.message).toContain("no budget is used up");
  });

  it("leaves a node that works until somebody confirms", async () => {
    await spend(102);
    await pass(busy);
    expect(inbox.slack[0]).toContain("windlass budget confirm --stack test");
    await advance(1);
    await pass(busy);
    expect(await counts(stack)).toMatchObject({ droplets: 1 });
    expect(await errorOf(enforce({ load: busy, confirm: async () => false }))).toMatchObject({ code: "Cancelled" });
    expect(await enforce({ load: busy, dryRun: true })).toMatchObject({ outcome: "planned" });
    const silent = await stack.cli(["budget", "enforce", "--stack", "test"]).done;
    expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    expect(await counts(stack)).toMatchObject({ droplets: 1 });
  });

  it("is carried out by the watcher after that, once", async () => {
    let asked = "";
    await holdNode({ ...stack.options, for: "1h", why: "thesis" });
    const refused = confirmBudget({
      ...stack.options,
      confirm: async (question) => {
        asked = question;
        return false;
      },
    });
    expect(await errorOf(refused)).toMatchObject({ code: "Cancelled" });
    expect(asked).toMatch(/Stop finance-smollm3-gpu-train-001 .* whatever it does\? It is held until .*: thesis/);
    expect((await tags()).filter((name) => name.includes("-confirmed"))).toEqual([]);
    const confirmed = await stack.cli(["budget", "confirm", "--yes", "--json", "--stack", "test"]).done;
    expect(confirmed.code, confirmed.stderr).toBe(0);
    expect(JSON.parse(confirmed.stdout)).toMatchObject({ node: NODE, month: "2027-07", scopes: ["stack"] });
    expect(audit().at(-1)).toMatchObject({ decision: "confirm", outcome: "done" });
    expect((await budgetReport(stack.options)).budgets[0]?.confirmedAt).toMatch(/^2027-07-02T/);
    expect((await pass(busy, {}, { dryRun: true })).budgets).toMatchObject([{ stop: "all" }]);
    expect((await pass(busy)).budgets).toMatchObject([{ stop: "all", outcome: "done" }]);
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 1 });
    expect((await tags()).filter((name) => name.includes("-confirmed"))).toEqual([]);
  });

  it("is done at once by windlass budget enforce", async () => {
    await began("2027-09", { ...LIMIT, budgetAction: "stop-all" });
    await spend(102);
    const questions: string[] = [];
    const confirm = async (question: string) => questions.push(question) > 0;
    expect(await enforce({ load: busy, confirm })).toMatchObject({ outcome: "stopped", stop: { outcome: "stopped" } });
    expect(questions).toHaveLength(1);
    expect(await counts(stack)).toMatchObject({ droplets: 0, volumes: 1 });
    expect(audit().slice(-2)).toMatchObject([{ outcome: "begun" }, { outcome: "done" }]);
  });
});

describe("the account's budget", () => {
  beforeAll(async () => {
    await began("2027-11", { maxAccountSpendUsd: 60 });
    const config = readFileSync(join(stack.root, "Pulumi.test.yaml"), "utf8");
    writeFileSync(
      join(stack.root, "Pulumi.other.yaml"),
      config.replace('"windlass:volumeSizeGiB":100', '"windlass:volumeSizeGiB":10'),
    );
  });

  /** A pass of the watchers of two stacks of the account, side by side. */
  const both = async () => {
    inbox.slack.length = 0;
    const given = { ...stack.options, once: true, housekeeping: false, deps: { load: busy, channels: channels() } };
    const results = await Promise.all([watch(given), watch({ ...given, stack: "other" })]);
    expect(results.flatMap(({ errors }) => errors)).toEqual([]);
    return results.map(({ budgets }) => budgets?.[0]);
  };

  it("is the bill's, and told once by the watchers of two stacks", async () => {
    await spend(51);
    const seen = await both();
    for (const one of seen) expect(one).toMatchObject({ scope: "account", limitUsd: 60, exhausted: false });
    expect(seen[0]?.spentUsd).toBeCloseTo(51, 1);
    expect(inbox.slack).toEqual([expect.stringMatching(/^\*the account: 80 % of the month's budget is spent\*/)]);
    expect(await tags()).toHaveLength(2);
    expect((await tags())[0]).toMatch(/^windlass-budget-told:account:2027-11:6000:\d+:\d+$/);
    await both();
    expect(inbox.slack).toEqual([]);
    await spend(10);
    const target = resolveTarget(stack.options);
    const early = await budgetsOf(target, stackConfig(target));
    for (const one of await both()) expect(one).toMatchObject({ exhausted: true });
    expect(inbox.slack).toEqual([expect.stringMatching(/^\*the account: 100 % of the month's budget is spent\*/)]);
    // One that looked before the other told, and comes to its turn afterwards.
    expect((await pass(busy, { budgets: async () => early })).budgets).toMatchObject([{ news: [100] }]);
    expect(inbox.slack).toEqual([]);
  });

  it("refuses and stops nothing where the balance may not be read", async () => {
    stack.configure({ maxAccountSpendUsd: 600, budgetAction: "stop-idle" });
    expect(await refusal()).toBeUndefined();
    await stack.fault({ kind: "status", method: "GET", path: "/balance$", status: 403, times: 100 });
    expect(await refusal()).toBe(
      "what the account has spent this month of $600.00 (windlass:maxAccountSpendUsd) is not known",
    );
    const result = await pass(idle);
    expect(result.errors).toMatchObject([{ part: "budget", reason: expect.stringContaining("not known") }]);
    expect(result.budgets).toMatchObject([{ exhausted: "unknown", stop: "none" }]);
    expect(await errorOf(enforce())).toMatchObject({ code: "PrecheckFailed" });
    await stack.fault({ kind: "status", method: "GET", path: "/v2/tags", status: 400, times: 1 });
    expect(await refusal()).toMatch(/^what was spent this month is not known/);
    expect(await counts(stack)).toMatchObject({ droplets: 1 });
  });
});

it("is not asked for where none is set, and says what is wrong with one", async () => {
  await began("2028-01", {});
  await stack.fault({ kind: "status", method: "GET", path: ".", status: 500, times: 100 });
  expect(await refusal()).toBeUndefined();
  expect((await budgetReport(stack.options)).budgets).toEqual([]);
  await stack.clearFaults();
  expect((await pass(busy)).budgets).toEqual([]);
  const none = await stack.cli(["budget", "enforce", "--json", "--stack", "test"]).done;
  expect(none.code).toBe(1);
  expect(JSON.parse(none.stdout || none.stderr)).toMatchObject({ error: "NotFound" });
  stack.configure({ maxMonthlySpendUsd: "$500" });
  const wrong = await stack.cli(["budget", "--stack", "test"]).done;
  expect(wrong.stderr).toMatch(/Pulumi\.test\.yaml:1: windlass:maxMonthlySpendUsd: got "\$500", must be a number/);
  expect(wrong.code).toBe(1);
  stack.configure({ maxMonthlySpendUsd: { secure: "v1:abc" } });
  await expect(refusal()).rejects.toThrow("windlass:maxMonthlySpendUsd is encrypted in Pulumi.test.yaml");
});
