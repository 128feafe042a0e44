import type { DigitalOcean, InvoiceItem } from "../../clients/digitalocean/index.ts";
import { type Charge, FIXED_PRODUCTS } from "../../domain/cost/bill-comparison.ts";

/** The charges of one month; of the running one as of `at`. */
export interface MonthCharges {
  /** `2026-11`. */
  month: string;
  /** US dollars. */
  totalUsd: number;
  /** Up to when it is known, milliseconds since 1970. */
  at: number;
  charges: Charge[];
}

/** Reads the invoice of a month, or the preview of the running one. Undefined where the token may not read it, or there is none. */
export async function monthCharges(cloud: DigitalOcean, month: string, now: number): Promise<MonthCharges | undefined> {
  try {
    const { invoices, invoice_preview: preview } = await cloud.invoices();
    const invoice = [preview, ...invoices].find(({ invoice_period }) => invoice_period === month);
    if (!invoice) return undefined;
    const items = await cloud.invoiceItems(invoice.invoice_uuid);
    const charges = items.map(chargeOf);
    const newest = charges.reduce((latest, { until }) => Math.max(latest, until), 0);
    const at = invoice.updated_at ? Date.parse(invoice.updated_at) : newest || now;
    return { month, totalUsd: Number(invoice.amount), at, charges };
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** Tokens need `billing:read` for the account's bill; not all have it. */
export function isForbidden(error: unknown): boolean {
  const { status } = error as { status?: number };
  return status === 401 || status === 403;
}

function chargeOf(item: InvoiceItem): Charge {
  const [from, until] = [Date.parse(item.start_time), Date.parse(item.end_time)];
  return {
    id: item.resource_uuid || item.resource_id,
    product: item.product,
    description: item.group_description ? `${item.group_description}: ${item.description}` : item.description,
    usd: Number(item.amount),
    from,
    until,
    hours: (until - from) / 3_600_000,
  };
}

/** A thing whose price has changed has several charges: its present price counts from the beginning of the last. */
export function pricesSince(month: MonthCharges | undefined): (id: string) => number | undefined {
  const own = (month?.charges ?? []).filter(({ product }) => FIXED_PRODUCTS.test(product) && !/backup/i.test(product));
  const since = new Map([...newestCharges(own)].map(({ id, from }) => [id, from]));
  return (id) => since.get(id);
}

/** Of each thing and product the charge that may still run. */
export function newestCharges(charges: readonly Charge[]): Set<Charge> {
  const newest = new Map<string, Charge>();
  for (const charge of charges) {
    const key = `${charge.product} ${charge.id}`;
    if (charge.from >= (newest.get(key)?.from ?? 0)) newest.set(key, charge);
  }
  return new Set(newest.values());
}
