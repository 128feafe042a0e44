import type { DigitalOcean, InvoiceItem } from "../../clients/digitalocean/index.ts";

/** One price that one thing had for some time, as the account was charged for it. Times are milliseconds since 1970. */
export interface Charge {
  id: string;
  product: string;
  /** As the invoice has it: `gpu-1 (gpu-h100x1-80gb)`. */
  description: string;
  /** US dollars. */
  usd: number;
  from: number;
  until: number;
  hours: number;
}

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
