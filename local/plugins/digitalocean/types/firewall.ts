import type { Failure } from "../../engine/provider.ts";
import { isProperties, type Properties, type Value } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, unmarked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { canonical, type Field, normal } from "../../schema/fields.ts";
import { removeNow } from "../paths.ts";
import { tagName, tags } from "../tags.ts";

type Side = "source" | "destination";

/** What a rule names the other end by: the input after `source` or `destination`, and the field of the API. */
const ENDS = {
  Addresses: { field: "addresses", of: { type: "string", nonEmpty: true } },
  DropletIds: { field: "droplet_ids", of: { type: "integer" } },
  LoadBalancerUids: { field: "load_balancer_uids", of: { type: "string", nonEmpty: true } },
  KubernetesIds: { field: "kubernetes_ids", of: { type: "string", nonEmpty: true } },
  Tags: { field: "tags", of: tagName },
} as const satisfies Record<string, { field: string; of: Field }>;

export const firewall: RestType = {
  token: "digitalocean:index/firewall:Firewall",
  noun: "firewall",
  name: { maxLength: 255 },
  inputs: {
    name: { type: "string", required: true, nonEmpty: true },
    inboundRules: rules("source"),
    outboundRules: rules("destination"),
    dropletIds: { type: "set", of: { type: "integer" } },
    tags,
  },
  reads: {
    name: "name",
    inboundRules: (object) => (object.inbound_rules ?? []).map((rule: Json) => readRule("source", rule)),
    outboundRules: (object) => (object.outbound_rules ?? []).map((rule: Json) => readRule("destination", rule)),
    dropletIds: (object) => object.droplet_ids ?? [],
    tags: (object) => object.tags ?? [],
    status: "status",
    createdAt: "created_at",
    pendingChanges: (object) =>
      (object.pending_changes ?? []).map((one: Json) => ({
        dropletId: one.droplet_id,
        removing: one.removing,
        status: one.status,
      })),
  },
  verify,
  create,
  find: (cloud, id) => unlessGone(async () => (await cloud.get(`/v2/firewalls/${id}`)).firewall),
  steps: [
    {
      inputs: ["name", "inboundRules", "outboundRules", "dropletIds", "tags"],
      run: async (cloud, id, inputs) => void (await cloud.put(`/v2/firewalls/${id}`, body(inputs))),
    },
  ],
  remove: (cloud, id) => removeNow(cloud, `/v2/firewalls/${id}`),
};

function rules(side: Side): Field {
  const ends = Object.entries(ENDS).map(([name, { of }]) => [`${side}${name}`, { type: "set", of }] as const);
  const fields: Record<string, Field> = {
    action: { type: "string", values: ["allow", "deny"], default: "allow" },
    protocol: { type: "string", required: true, values: ["tcp", "udp", "icmp"] },
    portRange: { type: "string", nonEmpty: true },
    ...Object.fromEntries(ends),
  };
  return { type: "set", of: { type: "object", fields } };
}

function verify(inputs: Properties): Failure[] {
  const failures: Failure[] = [];
  const [inbound, outbound] = [inputs.inboundRules, inputs.outboundRules];
  if (isEmpty(inbound) && isEmpty(outbound))
    failures.push({ property: "inboundRules", reason: "At least one rule must be specified" });
  for (const [kind, list] of [
    ["inbound", inbound],
    ["outbound", outbound],
  ] as const) {
    if (!Array.isArray(list)) continue;
    if (
      list.some(
        (rule) => isProperties(rule) && rule.portRange === undefined && ["tcp", "udp"].includes(String(rule.protocol)),
      )
    ) {
      const reason = `\`port_range\` of ${kind} rules is required if protocol is \`tcp\` or \`udp\``;
      failures.push({ property: `${kind}Rules`, reason });
    }
  }
  return failures;
}

function isEmpty(list: Value | undefined): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}

/** The API says port 0 for all ports, and for protocols without any. */
function readRule(side: Side, rule: Json): Properties {
  const end = rule[`${side}s`] ?? {};
  const result: Properties = { protocol: rule.protocol, ...(rule.action ? { action: rule.action } : {}) };
  if (rule.ports && rule.ports !== "0") result.portRange = rule.ports;
  else if (rule.protocol !== "icmp") result.portRange = "all";
  for (const [name, { field }] of Object.entries(ENDS)) {
    if (end[field]?.length > 0) result[`${side}${name}`] = end[field];
  }
  return result;
}

function writeRule(side: Side, rule: Properties): Json {
  const ends = Object.entries(ENDS).map(([name, { field }]) => [field, rule[`${side}${name}`] ?? []]);
  const action = rule.action ? { action: rule.action } : {};
  return { ...action, protocol: rule.protocol, ports: rule.portRange ?? "", [`${side}s`]: Object.fromEntries(ends) };
}

/** The whole firewall: an update replaces all of it. */
function body(inputs: Properties): Json {
  const list = (name: string): Properties[] => (inputs[name] ?? []) as Properties[];
  return {
    name: inputs.name,
    inbound_rules: list("inboundRules").map((rule) => writeRule("source", rule)),
    outbound_rules: list("outboundRules").map((rule) => writeRule("destination", rule)),
    droplet_ids: inputs.dropletIds ?? [],
    tags: inputs.tags ?? [],
  };
}

/** One with the same name that was there before is somebody else's, and the API refuses a second. */
async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const object = await createOnce({
    what: `firewall "${inputs.name}"`,
    make: async () => (await cloud.post("/v2/firewalls", body(inputs))).firewall,
    candidates: async () => (await cloud.list("/v2/firewalls", "firewalls")).filter((one) => one.name === inputs.name),
    differs: (one) => differs(one, inputs),
    remove: (one) => cloud.remove(`/v2/firewalls/${one.id}`),
    ...unmarked(cloud),
  });
  return { id: object.id, object };
}

function differs(object: Json, inputs: Properties): string | undefined {
  const sides = [
    ["inboundRules", "inbound_rules", "source"],
    ["outboundRules", "outbound_rules", "destination"],
  ] as const;
  const other = sides.find(([input, field, side]) => {
    const is = (object[field] ?? []).map((rule: Json) => readRule(side, rule));
    return canonical(normal(rules(side), is) ?? null) !== canonical(normal(rules(side), inputs[input]) ?? null);
  });
  return other && `its ${other[0]} are others`;
}
