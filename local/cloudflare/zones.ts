import type { CloudState } from "../cloud/cloud.ts";
import { accountId, accountSummary, hexId } from "./account.ts";
import type { Zone } from "./objects.ts";
import { type Call, noRoute, type Operation, paged, refusal } from "./wire.ts";

/** A domain name with at least two labels. */
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** `/zones`: the account's domains. A new one is active at once, as nobody has to change name servers here. */
export function zoneOperations({ store, clock }: CloudState): Operation[] {
  const view = (zone: Zone) => ({
    id: zone.id,
    name: zone.name,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    created_on: zone.createdAt,
    modified_on: zone.createdAt,
    activated_on: zone.createdAt,
    account: accountSummary(store),
    permissions: ["#dns_records:edit", "#dns_records:read", "#zone:read"],
  });
  return [
    {
      method: "GET",
      path: "/zones",
      handle: (call) => {
        const { name, "account.id": account } = call.query;
        const own = account === undefined || account === accountId(store);
        const found = own ? store.zones.list(name === undefined ? {} : { name: name.toLowerCase() }) : [];
        return paged(call, found.map(view), 50);
      },
    },
    {
      method: "POST",
      path: "/zones",
      handle: ({ body }) => {
        const name = String(body.name ?? "").toLowerCase();
        if (!DOMAIN.test(name)) throw refusal(400, 1099, `${name || "The name"} is not a registered domain`);
        if (store.zones.first({ name })) throw refusal(400, 1061, `${name} already exists`);
        return { result: view(store.zones.put({ id: hexId(), name, createdAt: now(clock.now()) })) };
      },
    },
    { method: "GET", path: "/zones/:zone", handle: (call) => ({ result: view(zoneOf(store, call)) }) },
    {
      method: "DELETE",
      path: "/zones/:zone",
      handle: (call) => {
        const { id } = zoneOf(store, call);
        for (const record of store.dnsRecords.list({ zone: id })) store.dnsRecords.delete(record.id);
        store.zones.delete(id);
        return { result: { id } };
      },
    },
  ];
}

export function zoneOf(store: CloudState["store"], { params }: Call): Zone {
  const id = params.zone ?? "";
  if (!/^[0-9a-f]{32}$/.test(id)) throw noRoute(`/zones/${id}`);
  const zone = store.zones.get(id);
  if (!zone) throw refusal(404, 1001, "Invalid zone identifier");
  return zone;
}

/** Cloudflare's times have six decimals. */
export function now(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
