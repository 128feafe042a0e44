import { createHash } from "node:crypto";
import { ACCOUNT_UUID, TEAM_UUID } from "../account/routes.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Meter } from "../objects.ts";
import { projectOf } from "../projects/resources.ts";
import { type Call, notFound, pageOf, type Route } from "../wire.ts";
import { amountUntil, monthlyAmounts } from "./prices.ts";

const DAY = 86_400_000;

/** What the API calls each kind of thing on an invoice. */
const PRODUCTS: Record<Meter["kind"], string> = {
  droplet: "Droplets",
  volume: "Volumes",
  snapshot: "Snapshots",
  reserved_ip: "Reserved IPs",
};

/** `/v2/customers/my/...` and the daily billing insights: an account that pays each month in full, from the meters. */
export function billingRoutes(cloud: CloudState): Route[] {
  const { clock } = cloud;
  const path = "/v2/customers/my";
  const invoice = `${path}/invoices/:uuid`;
  const routes: Route[] = [
    {
      method: "GET",
      path: `${path}/balance`,
      status: 200,
      handle: () => {
        const usage = dollars(usageByMonth(cloud).get(month(clock.now())) ?? 0);
        const generated_at = timestamp(clock.now());
        return { month_to_date_balance: usage, account_balance: "0.00", month_to_date_usage: usage, generated_at };
      },
    },
    {
      method: "GET",
      path: `${path}/billing_history`,
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, invoices(cloud).flatMap(history));
        return { billing_history: items, ...envelope };
      },
    },
    {
      method: "GET",
      path: `${path}/invoices`,
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, invoices(cloud));
        return { invoices: items, invoice_preview: invoiceOf(cloud, month(clock.now())), ...envelope };
      },
    },
    {
      method: "GET",
      path: invoice,
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, invoiceItems(cloud, invoiceMonth(cloud, call)));
        return { invoice_items: items, ...envelope };
      },
    },
    {
      method: "GET",
      path: `${invoice}/summary`,
      status: 200,
      handle: (call) => summary(cloud, invoiceMonth(cloud, call)),
    },
    {
      method: "GET",
      path: "/v2/billing/:urn/insights/:start/:end",
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, dailyItems(cloud, call));
        const perPage = Math.min(200, Number(call.query["per_page"] ?? 20));
        const total_pages = Math.max(1, Math.ceil(envelope.meta.total / perPage));
        const current_page = Number(call.query["page"] ?? 1);
        return { data_points: items, total_items: envelope.meta.total, total_pages, current_page };
      },
    },
  ];
  return routes.map((route) => ({ ...route, timed: true }));
}

function usageByMonth({ store, clock }: CloudState): Map<string, number> {
  const usage = new Map<string, number>();
  for (const meter of store.meters.list())
    for (const { month: name, amount } of monthlyAmounts(meter, clock.now()))
      usage.set(name, (usage.get(name) ?? 0) + amount);
  return usage;
}

/** Of the months that are over, the newest first. */
function invoices(cloud: CloudState) {
  const now = month(cloud.clock.now());
  const past = [...usageByMonth(cloud).keys()].filter((name) => name < now);
  return past
    .sort()
    .reverse()
    .map((name) => invoiceOf(cloud, name));
}

function invoiceOf(cloud: CloudState, name: string) {
  const end = Math.min(cloud.clock.now(), monthEnd(name));
  return {
    invoice_uuid: invoiceUuid(name),
    invoice_id: name.replace("-", ""),
    amount: dollars(usageByMonth(cloud).get(name) ?? 0),
    invoice_period: name,
    updated_at: timestamp(end),
  };
}

function history({ invoice_uuid, invoice_id, amount, invoice_period, updated_at }: ReturnType<typeof invoiceOf>) {
  const common = { invoice_id, invoice_uuid, date: updated_at };
  return [
    { description: `Invoice for ${invoice_period}`, amount, ...common, type: "Invoice" },
    { description: "Payment (local cloud)", amount: `-${amount}`, ...common, type: "Payment" },
  ];
}

function invoiceItems(cloud: CloudState, name: string) {
  const end = Math.min(cloud.clock.now(), monthEnd(name));
  return cloud.store.meters.list().flatMap((meter) => {
    const amount = monthlyAmounts(meter, end).find((entry) => entry.month === name)?.amount;
    if (amount === undefined) return [];
    const from = Math.max(meter.since, Date.parse(`${name}-01T00:00:00Z`));
    const until = Math.min(meter.until ?? end, end);
    return [
      {
        product: PRODUCTS[meter.kind],
        resource_uuid: meter.kind === "volume" ? meter.resource : "",
        resource_id: meter.resource,
        group_description: "",
        description: meter.size ? `${meter.name} (${meter.size})` : meter.name,
        amount: dollars(amount),
        duration: String(Math.ceil((until - from) / 3_600_000)),
        duration_unit: "Hours",
        start_time: timestamp(from),
        end_time: timestamp(until),
        project_name: projectOf(cloud, `do:${meter.kind}:${meter.resource}`).name,
      },
    ];
  });
}

function summary(cloud: CloudState, name: string) {
  const items = invoiceItems(cloud, name);
  const amount = dollars(usageByMonth(cloud).get(name) ?? 0);
  const products = Object.entries(Object.groupBy(items, (item) => item.product)).map(([product, own = []]) => ({
    amount: dollars(own.reduce((sum, item) => sum + Number(item.amount), 0)),
    name: product,
    count: String(own.length),
  }));
  return {
    invoice_uuid: invoiceUuid(name),
    invoice_id: name.replace("-", ""),
    billing_period: name,
    amount,
    user_name: "Local Cloud",
    user_billing_address: {},
    user_company: "",
    user_email: "local@windlass.invalid",
    product_charges: { name: "Product usage charges", amount, items: products },
    overages: { name: "Overages", amount: "0.00" },
    taxes: { name: "Taxes", amount: "0.00" },
    credits_and_adjustments: { name: "Credits & adjustments", amount: "0.00" },
  };
}

/** One line for each thing and day, both ends included. */
function dailyItems({ store, clock }: CloudState, { params }: Call) {
  if (!/^do:(team|account):/.test(params["urn"] ?? "")) throw notFound();
  const first = Date.parse(`${params["start"]}T00:00:00Z`);
  const last = Math.min(Date.parse(`${params["end"]}T00:00:00Z`), clock.now());
  const items: object[] = [];
  for (let day = first; day <= last; day += DAY)
    for (const meter of store.meters.list()) {
      const end = Math.min(day + DAY, clock.now());
      const amount = amountUntil(meter, end) - amountUntil(meter, day);
      if (amount <= 0) continue;
      items.push({
        usage_team_urn: `do:team:${TEAM_UUID}`,
        start_date: new Date(day).toISOString().slice(0, 10),
        total_amount: dollars(amount),
        region: meter.region,
        sku: `LOCAL-${meter.kind.toUpperCase()}`,
        description: meter.size ? `${meter.name} (${meter.size})` : meter.name,
        group_description: "",
      });
    }
  return items;
}

function invoiceMonth(cloud: CloudState, { params }: Call): string {
  const known = [...invoices(cloud), invoiceOf(cloud, month(cloud.clock.now()))];
  const found = known.find((entry) => entry.invoice_uuid === params["uuid"]);
  if (!found) throw notFound();
  return found.invoice_period;
}

/** The same for the same month, always. */
function invoiceUuid(name: string): string {
  const hex = createHash("sha256").update(`${ACCOUNT_UUID} ${name}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

function month(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}

function monthEnd(name: string): number {
  const [year = 0, number = 1] = name.split("-").map(Number);
  return Date.UTC(year, number, 1) - 1;
}

function dollars(amount: number): string {
  return amount.toFixed(2);
}
