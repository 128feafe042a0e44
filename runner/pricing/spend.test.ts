import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DigitalOcean, Droplet, InvoiceItem, Snapshot } from "../../clients/digitalocean/index.ts";
import { ownershipTags } from "../../domain/tags.ts";
import type { StackConfig } from "../../stacks/config.ts";
import type { Deployment } from "../checkpoint.ts";
import { rememberPrices } from "../price-list.ts";
import type { Target } from "../target.ts";
import { auditLog } from "../watch/audit.ts";
import { spendOf } from "./spend.ts";

const HOUR = 3_600_000;
const now = Date.parse("2026-11-11T00:00:00Z");
const iso = (time: number) => new Date(time).toISOString();
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-spend-"));
  rememberPrices({ home, cloud: "digitalocean" }, [
    { slug: "gpu-h100x1-80gb", priceHourly: 4 },
    { slug: "s-1vcpu-1gb", priceHourly: 0.01 },
  ]);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const config = {
  ...{ project: "shop", nodeName: "gpu-1", volumeName: "data", reservedIp: false, stopStrategy: "auto" },
  ...{ autoShutdownHours: 24, maxLifetimeHours: "off", expireStoppedDays: "off", noticeMinutes: 0, watchAlarmHours: 6 },
} as StackConfig;

const target = (): Target => ({
  ...{ root: home, home, project: "shop", stack: "prod", cloud: "digitalocean", backend: `file://${home}/state` },
  config: { values: {}, secrets: [] } as never,
});

const droplet = (id: number, name: string, created: number, size_slug = "gpu-h100x1-80gb") =>
  ({
    id,
    name,
    size_slug,
    status: "active",
    created_at: iso(created),
    region: { slug: "tor1" },
    tags: [],
  }) as unknown as Droplet;
const snapshot = (id: string, tags: string[], created: number) =>
  ({
    id,
    name: `snapshot-${id}`,
    size_gigabytes: 73,
    resource_type: "droplet",
    tags,
    created_at: iso(created),
  }) as Snapshot;
const item = (id: string, hours: number, changed: Partial<InvoiceItem> = {}): InvoiceItem => ({
  ...{ product: "Droplets", resource_uuid: "", resource_id: id, group_description: "", project_name: "" },
  ...{
    description: "gpu-1 (gpu-h100x1-80gb)",
    amount: (hours * 4).toFixed(2),
    duration: String(hours),
    duration_unit: "Hours",
  },
  ...{ start_time: iso(now - 240 * HOUR), end_time: iso(now - 240 * HOUR + hours * HOUR) },
  ...changed,
});

interface Account {
  droplets?: Droplet[];
  snapshots?: Snapshot[];
  items?: InvoiceItem[] | "forbidden";
  balance?: { month_to_date_usage: string; generated_at: string } | "forbidden";
  tags?: string[];
}

function cloud({ droplets = [], snapshots = [], items = [], balance, tags = [] }: Account): DigitalOcean {
  const forbidden = () => Promise.reject(Object.assign(new Error("no"), { status: 403 }));
  const preview = { invoice_uuid: "x", amount: "1.00", invoice_period: "2026-11", updated_at: iso(now) };
  return {
    droplets: async () => droplets,
    volumes: async () => [],
    snapshots: async () => snapshots,
    reservedIps: async () => [],
    tags: async () => tags.map((name) => ({ name })),
    balance: async () =>
      balance === "forbidden" ? forbidden() : (balance ?? { month_to_date_usage: "0.00", generated_at: iso(now) }),
    invoices: async () => (items === "forbidden" ? forbidden() : { invoices: [], invoice_preview: preview }),
    invoiceItems: async () => (items === "forbidden" ? forbidden() : items),
  } as unknown as DigitalOcean;
}

const state = (...ids: string[]): Deployment => ({
  resources: ids.map((id) => ({
    ...{ urn: `urn:pulumi:prod::shop::digitalocean:index/droplet:Droplet::node-${id}`, custom: true, id },
    ...{ type: "digitalocean:index/droplet:Droplet", inputs: { size: "gpu-h100x1-80gb", name: "gpu-1" } },
  })),
});

const spend = (account: Account, deployment: Deployment = state("7")) =>
  spendOf(target(), {
    ...{ config, deployment, cloud: cloud(account) },
    clock: { now: async () => now, sleep: async () => undefined },
  });

/** What an update of the stack left in its history. */
function history(text: string): void {
  const folder = join(home, "state", ".pulumi", "history", "shop", "prod");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "prod-1.checkpoint.json"), text);
}

describe("what a stack has spent", () => {
  it("counts what its state has, and what carries its tags", async () => {
    const ours = ownershipTags({ project: "shop", stack: "prod" });
    const others = ownershipTags({ project: "shop", stack: "dev" });
    const { stack } = await spend({
      droplets: [droplet(7, "gpu-1", now - 10 * HOUR), droplet(8, "gpu-1", now - 10 * HOUR)],
      snapshots: [snapshot("1", ours, now - 730 * HOUR), snapshot("2", others, now - 730 * HOUR)],
    });
    expect(stack.lines.map(({ id }) => id)).toEqual(["7", "1"]);
    expect(stack.accruedUsd).toBeCloseTo(40 + 0.06 * 73 * (240 / 730), 2);
  });

  it("counts the backups of a droplet too", async () => {
    const backedUp = state("7");
    Object.assign(backedUp.resources?.[0]?.inputs ?? {}, { backups: true });
    const { stack } = await spend({ droplets: [droplet(7, "gpu-1", now - 73 * HOUR)] }, backedUp);
    expect(stack.lines.map(({ what }) => what)).toEqual(["gpu-h100x1-80gb", "weekly backups"]);
    expect(stack.accruedUsd).toBeCloseTo(73 * 4 * 1.2, 2);
  });

  it("counts the size of before a resize as it was charged, the present one since then", async () => {
    const before = item("7", 100, { amount: "1.00", description: "gpu-1 (s-1vcpu-1gb)" });
    const after = item("7", 140, { start_time: before.end_time, end_time: iso(now) });
    const { stack } = await spend({ droplets: [droplet(7, "gpu-1", now - 240 * HOUR)], items: [before, after] });
    expect(stack.accruedUsd).toBe(1 + 140 * 4);
  });

  it("does not take a droplet's backups for a size of before", async () => {
    const backups = item("7", 240, { product: "Droplet Backups", amount: "20.00", start_time: iso(now - 9 * HOUR) });
    const { stack } = await spend({
      droplets: [droplet(7, "gpu-1", now - 240 * HOUR)],
      items: [item("7", 240), backups],
    });
    expect(stack.accruedUsd).toBe(960);
  });

  it("knows an ended droplet by the stack's history, and no other of its name", async () => {
    history('{"resources":[{"urn":"x","id":"5"}]}');
    const items = [item("5", 20), item("6", 30)];
    expect((await spend({ items }, state())).stack.accruedUsd).toBe(80);
  });

  it("knows it by its name where the history is kept elsewhere", async () => {
    const items = [item("5", 20), item("6", 30, { description: "gpu-10 (gpu-h100x1-80gb)" })];
    expect((await spend({ items }, state())).stack.accruedUsd).toBe(80);
  });

  it("says what is missing where the bill may not be read, and where a size has no price", async () => {
    const { stack, account } = await spend({
      items: "forbidden",
      balance: "forbidden",
      droplets: [droplet(7, "gpu-1", now)],
    });
    expect(account).toBeNull();
    expect(stack.gaps).toEqual([expect.stringContaining("billing:read")]);
    const unknown = state("7");
    Object.assign(unknown.resources?.[0]?.inputs ?? {}, { size: "gpu-h200x1" });
    const { stack: unpriced } = await spend({ droplets: [droplet(7, "gpu-1", now, "gpu-h200x1")] }, unknown);
    expect(unpriced.gaps).toEqual([expect.stringContaining("gpu-h200x1 is not in the price list")]);
  });
});

describe("what it will have spent", () => {
  const up = { droplets: [droplet(7, "gpu-1", now - 240 * HOUR)] };
  const seen = (at: number, idleness: object) => {
    const audit = auditLog(home, { project: "shop", stack: "prod" });
    const common = { at: iso(at), node: "gpu-1", decision: "none" as const, reason: "", outcome: "none" as const };
    audit.append({ ...common, topic: "stop", evidence: { idleness } });
    audit.append({ ...common, topic: "pass", evidence: {} });
  };

  it("is the present rate while nobody watches, and the timers' while somebody does", async () => {
    const alone = await spend(up);
    expect(alone.stack).toMatchObject({ basis: "run-rate", forecastUsd: 720 * 4, ends: [] });
    seen(now - HOUR, { idle: false, since: now - 20 * HOUR });
    const watched = await spend(up);
    expect(watched.stack).toMatchObject({ basis: "schedule", ends: [{ act: "stop", at: now + 4 * HOUR }] });
    expect(watched.stack.forecastUsd).toBeCloseTo(244 * 4 + (0.06 * 20 * 476) / 730, 2);
    expect(watched.stack.endOfMonth.runRateUsd).toBe(720 * 4);
  });

  it("does not trust a pass of long ago", async () => {
    seen(now - 7 * HOUR, { idle: false, since: now - 20 * HOUR });
    expect((await spend(up)).stack).toMatchObject({ basis: "run-rate", ends: [] });
  });

  it("counts a snapshot of the last one's size", async () => {
    seen(now, { idle: true, since: now - 24 * HOUR });
    const tags = ownershipTags({ project: "shop", stack: "prod", node: "gpu-1" });
    const { stack } = await spend({ ...up, snapshots: [snapshot("1", tags, now - 10 * HOUR)] });
    const storage = (0.06 * 73) / 730;
    expect(stack.endOfMonth.scheduleUsd).toBeCloseTo(240 * 4 + storage * (10 + 480) + storage * 480, 2);
  });
});

describe("the account", () => {
  it("goes on at the rate of all that runs, also of what has no state, and of products that have no inventory", async () => {
    const database = item("db", 240, { product: "Databases", amount: "24.00", end_time: iso(now) });
    const { account } = await spend({
      droplets: [droplet(7, "gpu-1", now - 240 * HOUR), droplet(9, "of-somebody", now - 240 * HOUR, "s-1vcpu-1gb")],
      items: [
        database,
        item("7", 240, { end_time: iso(now) }),
        item("db", 0, { product: "Databases", amount: "0.01", start_time: iso(now), end_time: iso(now) }),
      ],
      balance: { month_to_date_usage: "1000.00", generated_at: iso(now - 24 * HOUR) },
    });
    expect(account?.monthToDateUsd).toBe(1000);
    const cpu = 672 * 0.01 - 216 * 0.01;
    expect(account?.forecastUsd).toBeCloseTo(1000 + 504 * 4 + cpu + 504 * 0.1, 2);
  });

  it("takes a balance of the month before for none of this month", async () => {
    const { account } = await spend({
      balance: { month_to_date_usage: "1000.00", generated_at: "2026-10-31T22:00:00Z" },
    });
    expect(account).toEqual({ monthToDateUsd: 0, forecastUsd: 0 });
  });
});
