import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { AlertRule } from "../../domain/health/alert.ts";
import { parseCondition } from "../../domain/health/condition.ts";
import { parseTarget } from "../../domain/health/target.ts";
import { type Receivers, receivers } from "../../tests/engine/receivers.ts";
import { judgeAlerts } from "./alerts.ts";
import { checkTargets } from "./check.ts";
import { withHistory } from "./history.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-11-21T10:00:00Z");
let inbox: Receivers;
let home: string;
let server: Server;
let port: number;

beforeAll(async () => {
  inbox = await receivers();
  server = createServer((socket) => socket.destroy());
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", () => ready()));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.close();
  await inbox.close();
});
beforeEach(() => {
  inbox.slack.length = 0;
  inbox.mails.length = 0;
  home = mkdtempSync(join(tmpdir(), "windlass-health-"));
  return () => rmSync(home, { recursive: true, force: true });
});

const rule: AlertRule = {
  ...{ name: "store is down", targets: ["store"], condition: parseCondition("unhealthy"), severity: "critical" },
  ...{ forMs: 2 * MINUTE, repeatMs: 60 * MINUTE },
};
const both = () => ({
  ...{ slackUrl: inbox.slackUrl, smtpUrl: inbox.smtpUrl },
  ...{ emailFrom: "windlass@example.com", emailTo: ["me@example.com"] },
});

/** Looks at a real port, open or closed, at a minute of the test, with a history opened anew, as another process would. */
async function look(minute: number, open: boolean, channels = both()) {
  const checked = await checkTargets([
    parseTarget(`tcp://127.0.0.1:${open ? port : 1}`, "store"),
    parseTarget("tcp://127.0.0.1:1", "nobody asked"),
  ]);
  const judging = { rules: [rule], channels, now: START + minute * MINUTE, notify: { retryDelaysMs: [] } };
  return withHistory(home, (history) => judgeAlerts(checked, { ...judging, history }));
}

test("what is down for the rule's time is told once by Slack and mail, and when it is well again", async () => {
  expect(await look(0, false)).toMatchObject({ alerts: [{ phase: "pending", service: "store" }], notices: [] });
  expect(await look(1, false)).toMatchObject({ notices: [] });
  expect(inbox.slack).toEqual([]);
  const told = await look(2, false);
  expect(told.alerts).toMatchObject([{ phase: "firing", rule: "store is down", since: "2026-11-21T10:00:00.000Z" }]);
  expect(told.notices.map(({ channel, delivered }) => [channel, delivered])).toEqual([
    ["slack", true],
    ["mail", true],
  ]);
  expect(inbox.slack).toEqual([
    "*store: store is down*\ncritical: store: store is down: it is unhealthy: tcp_open: connect ECONNREFUSED 127.0.0.1:1 (for 2 min)",
  ]);
  expect(inbox.mails[0]).toContain("Subject: [windlass] store: store is down");
  for (const minute of [3, 4, 50])
    expect(await look(minute, false)).toMatchObject({ alerts: [{ phase: "firing" }], notices: [] });
  expect(inbox.slack).toHaveLength(1);
  expect((await look(62, false)).notices).toHaveLength(2);
  expect(inbox.slack[1]).toContain("(still, for 62 min)");
  expect((await look(63, true)).alerts).toMatchObject([{ phase: "resolved" }]);
  expect(inbox.slack[2]).toBe("*store: is well again*\nresolved after 63 min: store: store is down");
  expect(await look(64, true)).toEqual({ alerts: [], notices: [] });
  const past = await withHistory(home, (history) => history.alerts({ since: START }));
  expect(past.map(({ news, at }) => [at.slice(11, 16), news])).toEqual([
    ["10:02", "firing"],
    ["11:02", "still firing"],
    ["11:03", "resolved"],
  ]);
});

test("a blip shorter than the rule's time is told to nobody", async () => {
  for (const [minute, open] of [
    [0, false],
    [1, false],
    [2, true],
    [3, false],
    [4, true],
  ] as const)
    await look(minute, open);
  expect(inbox.slack).toEqual([]);
});

test("where nobody takes the notice the next look tries again", async () => {
  const dead = { slackUrl: "http://127.0.0.1:1/hook", emailFrom: "a@example.com", emailTo: [] };
  await look(0, false, dead as never);
  expect((await look(2, false, dead as never)).notices).toMatchObject([{ channel: "slack", delivered: false }]);
  expect((await look(3, false)).notices).toHaveLength(2);
  expect(inbox.slack).toHaveLength(1);
  expect((await look(4, false)).notices).toEqual([]);
});

test("of two that look at the same time one tells", async () => {
  await look(0, false);
  await Promise.all([look(2, false), look(2, false), look(2, false)]);
  await expect.poll(() => inbox.slack).toHaveLength(1);
  expect(inbox.mails).toHaveLength(1);
});
