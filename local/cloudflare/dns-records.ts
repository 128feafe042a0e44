import type { CloudState } from "../cloud/cloud.ts";
import { hexId } from "./account.ts";
import type { DnsRecord, Zone } from "./objects.ts";
import { type Call, dnsRefusal, type Operation, paged, refusal } from "./wire.ts";
import { now, zoneOf } from "./zones.ts";

const PROXIABLE = new Set(["A", "AAAA", "CNAME"]);
const TYPES = new Set([...PROXIABLE, "MX", "NS", "TXT"]);
const HOST = /^(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** `/zones/ID/dns_records`. */
export function dnsRecordOperations({ store, clock }: CloudState): Operation[] {
  const path = "/zones/:zone/dns_records";
  const write = (zone: Zone, fields: Omit<DnsRecord, "modifiedAt">): DnsRecord => {
    const record = { ...fields, modifiedAt: now(clock.now()) };
    check(zone, record, store.dnsRecords.list({ zone: zone.id }));
    return store.dnsRecords.put(record);
  };
  const change = (call: Call, base: Partial<DnsRecord>) => {
    const zone = zoneOf(store, call);
    const { id, createdAt } = recordOf(store, call, zone);
    return { result: view(zone, write(zone, { ...fieldsOf(zone, call.body, base), id, createdAt })) };
  };
  return [
    {
      method: "GET",
      path,
      handle: (call) => {
        const zone = zoneOf(store, call);
        const { type, name, content } = call.query;
        const exact = call.query["name.exact"] ?? name;
        const found = store.dnsRecords
          .list({ zone: zone.id, ...(exact === undefined ? {} : { name: exact.toLowerCase() }) })
          .filter((one) => (type ?? one.type) === one.type && (content ?? one.content) === one.content);
        return paged(
          call,
          found.map((record) => view(zone, record)),
          5_000_000,
          100,
        );
      },
    },
    {
      method: "POST",
      path,
      handle: (call) => {
        const zone = zoneOf(store, call);
        const made = { ...fieldsOf(zone, call.body, {}), id: hexId(), createdAt: now(clock.now()) };
        return { result: view(zone, write(zone, made)) };
      },
    },
    {
      method: "GET",
      path: `${path}/:record`,
      handle: (call) => {
        const zone = zoneOf(store, call);
        return { result: view(zone, recordOf(store, call, zone)) };
      },
    },
    { method: "PUT", path: `${path}/:record`, handle: (call) => change(call, {}) },
    {
      method: "PATCH",
      path: `${path}/:record`,
      handle: (call) => change(call, recordOf(store, call, zoneOf(store, call))),
    },
    {
      method: "DELETE",
      path: `${path}/:record`,
      handle: (call) => {
        const { id } = recordOf(store, call, zoneOf(store, call));
        store.dnsRecords.delete(id);
        return { result: { id } };
      },
    },
  ];
}

function recordOf(store: CloudState["store"], { params }: Call, zone: Zone): DnsRecord {
  const record = store.dnsRecords.get(params.record ?? "");
  if (record?.zone !== zone.id) throw refusal(404, 81044, "Record does not exist.");
  return record;
}

/** A name without the zone's is one inside it, and `@` is the zone itself. */
function wholeName(zone: Zone, name: string): string {
  const lower = name.toLowerCase().replace(/\.$/, "");
  if (lower === "@" || lower === zone.name) return zone.name;
  return lower.endsWith(`.${zone.name}`) ? lower : `${lower}.${zone.name}`;
}

function fieldsOf(zone: Zone, body: Record<string, unknown>, base: Partial<DnsRecord>) {
  const given = <T>(name: keyof DnsRecord, fallback: T): T => (body[name] ?? base[name] ?? fallback) as T;
  const priority = given<number | undefined>("priority", undefined);
  return {
    zone: zone.id,
    type: given("type", ""),
    name: given("name", "") === "" ? "" : wholeName(zone, given("name", "")),
    content: given("content", ""),
    ttl: given("ttl", 1),
    proxied: given("proxied", false),
    comment: given<string | null>("comment", null),
    tags: given<string[]>("tags", []),
    settings: given<Record<string, boolean>>("settings", {}),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** @throws Refusal as the API says it */
function check(zone: Zone, record: DnsRecord, all: readonly DnsRecord[]): void {
  const { type, name, content, ttl, proxied } = record;
  if (!TYPES.has(type)) throw dnsRefusal(9004, `DNS record type ${type || "(none)"} is invalid.`);
  if (name === "" || !HOST.test(name)) throw dnsRefusal(9000, "DNS name is invalid.");
  if (content === "" || (type === "CNAME" && (!HOST.test(content) || content === name)))
    throw dnsRefusal(9007, `Content for ${type} record is invalid.`);
  if (type === "A" && !/^(\d{1,3}\.){3}\d{1,3}$/.test(content))
    throw dnsRefusal(9005, "Content for A record must be a valid IPv4 address.");
  if (ttl !== 1 && !(ttl >= 60 && ttl <= 86_400))
    throw dnsRefusal(9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic.");
  if (proxied && !PROXIABLE.has(type)) throw dnsRefusal(9004, `${type} records cannot be proxied.`);
  const others = all.filter((one) => one.id !== record.id && one.name === name);
  if (others.some((one) => one.type === type && one.content === content))
    throw refusal(400, 81058, "An identical record already exists.");
  const clashes = (one: DnsRecord) => (type === "CNAME" || one.type === "CNAME") && PROXIABLE.has(one.type);
  if (PROXIABLE.has(type) && others.some(clashes)) {
    const [code, kind] = type === "CNAME" ? [81053, "An A, AAAA, or CNAME"] : [81054, "A CNAME"];
    throw refusal(400, code, `${kind} record with that host already exists.`);
  }
  if (!name.endsWith(zone.name)) throw dnsRefusal(9000, "DNS name is invalid.");
}

function view(zone: Zone, record: DnsRecord) {
  const { zone: _, createdAt, modifiedAt, ...fields } = record;
  return {
    ...fields,
    // A proxied record's TTL is Cloudflare's own.
    ttl: record.proxied ? 1 : record.ttl,
    zone_name: zone.name,
    proxiable: PROXIABLE.has(record.type),
    meta: {},
    created_on: createdAt,
    modified_on: modifiedAt,
    comment_modified_on: record.comment === null ? undefined : modifiedAt,
  };
}
