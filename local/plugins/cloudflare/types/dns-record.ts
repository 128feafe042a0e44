import type { Properties, Value } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, marked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { hasCode } from "../errors.ts";
import { importId } from "../paths.ts";

/** Ends of the names that tunnels have. */
const TUNNEL = ".cfargotunnel.com";

/** Inputs that go into the body as they are, under the API's name. */
const BODY: Record<string, string> = {
  comment: "comment",
  content: "content",
  data: "data",
  name: "name",
  priority: "priority",
  privateRouting: "private_routing",
  proxied: "proxied",
  tags: "tags",
  ttl: "ttl",
  type: "type",
};

/** A DNS record of a zone. */
export const dnsRecord: RestType = {
  token: "cloudflare:index/dnsRecord:DnsRecord",
  noun: "DNS record",
  inputs: {
    comment: { type: "string" },
    content: { type: "string", computed: true },
    data: { type: "any" },
    includeShadowMetadata: { type: "boolean" },
    name: { type: "string", required: true, nonEmpty: true, compare: "case" },
    priority: { type: "number" },
    privateRouting: { type: "boolean" },
    proxied: { type: "boolean", computed: true },
    settings: { type: "any", computed: true },
    tags: { type: "set", of: { type: "string" }, computed: true },
    ttl: { type: "number", required: true },
    type: { type: "string", required: true, nonEmpty: true, replaces: true },
    zoneId: { type: "string", required: true, nonEmpty: true, replaces: true },
  },
  reads: {
    comment: (object) => object.comment ?? "",
    commentModifiedOn: "comment_modified_on",
    content: "content",
    createdOn: "created_on",
    meta: (object) => JSON.stringify(object.meta ?? {}),
    modifiedOn: "modified_on",
    name: "name",
    priority: "priority",
    proxiable: "proxiable",
    proxied: (object) => object.proxied ?? false,
    settings: ({ settings = {} }) => settingsFrom(settings),
    tags: (object) => object.tags ?? [],
    tagsModifiedOn: "tags_modified_on",
    ttl: "ttl",
    type: "type",
  },
  unsettled: () => ["modifiedOn", "commentModifiedOn", "tagsModifiedOn"],
  create,
  async find(cloud, id, state) {
    const found = await unlessGone(() => cloud.get(`${pathOf(state)}/${id}`));
    if (!found) return undefined;
    // The API has whole names, whatever was given.
    const short = typeof state.name === "string" && (state.name === "@" || found.name.startsWith(`${state.name}.`));
    return short ? { ...found, name: state.name } : found;
  },
  steps: [
    {
      inputs: [...Object.keys(BODY), "settings"],
      run: (cloud, id, inputs, state) => cloud.put(`${pathOf(state)}/${id}`, bodyOf(inputs)),
    },
  ],
  remove: async (cloud, id, state) => {
    await unlessGone(() => cloud.remove(`${pathOf(state)}/${id}`));
  },
  importing(id) {
    const [zoneId, recordId] = importId(id, "<zone_id>", "<dns_record_id>");
    return { id: recordId, state: { zoneId } };
  },
};

function pathOf({ zoneId }: Properties): string {
  return `/zones/${zoneId}/dns_records`;
}

function bodyOf(inputs: Properties): Record<string, Value> {
  const body = Object.entries(BODY).flatMap(([name, key]) => (inputs[name] === undefined ? [] : [[key, inputs[name]]]));
  const settings = inputs.settings as Properties | undefined;
  if (!settings) return Object.fromEntries(body);
  const { flattenCname, ipv4Only, ipv6Only } = settings;
  return {
    ...Object.fromEntries(body),
    settings: { flatten_cname: flattenCname, ipv4_only: ipv4Only, ipv6_only: ipv6Only },
  };
}

function settingsFrom(settings: Json): Properties {
  const all = { flattenCname: settings.flatten_cname, ipv4Only: settings.ipv4_only, ipv6Only: settings.ipv6_only };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null));
}

/**
 * A record has no place for a mark of the create that made it. One that points to the very tunnel that is asked for can be nobody else's, so
 * it is used; any other that is there already is refused.
 */
async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const path = pathOf(inputs);
  const { name, type, content } = inputs;
  const toTunnel = String(content).endsWith(TUNNEL);
  const named = async (): Promise<string> => {
    const whole = wholeName(String(name), (await cloud.get(`/zones/${inputs.zoneId}`)).name);
    return `${path}?type=${type}&name=${encodeURIComponent(whole)}`;
  };
  const object = await createOnce({
    what: `DNS record "${name}"`,
    make: () => make(cloud, path, inputs),
    candidates: async () => (await cloud.list(await named(), "")).filter((one) => one.content === content),
    differs: (one: Json) =>
      (one.proxied ?? false) === (inputs.proxied ?? false) ? undefined : `proxied is ${one.proxied}`,
    remove: (one) => cloud.remove(`${path}/${one.id}`),
    ...marked(cloud),
    marked: toTunnel,
  });
  return { id: object.id, object };
}

/** A name as the API has it: with the zone's, which `@` stands for. */
function wholeName(name: string, zone: string): string {
  const lower = name.toLowerCase();
  if (lower === "@" || lower === zone) return zone;
  return lower.endsWith(`.${zone}`) ? lower : `${lower}.${zone}`;
}

/** Codes of "there is one already": clashing, and identical. */
const TAKEN = [81053, 81054, 81057, 81058];

async function make(cloud: Cloud, path: string, inputs: Properties): Promise<Json> {
  try {
    return await cloud.post(path, bodyOf(inputs));
  } catch (error) {
    if (!hasCode(error, ...TAKEN)) throw error;
    const { type, name } = cloud.call;
    error.message += `: this resource did not make it; delete ${inputs.name} there, or import it (pulumi import ${type} ${name} <zone_id>/<dns_record_id>)`;
    throw error;
  }
}
