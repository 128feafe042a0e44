import { isProperties, type Properties, type Value } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import type { RestType } from "../../rest/type.ts";
import type { Field, Fields } from "../../schema/fields.ts";
import { importId } from "../paths.ts";

const text: Field = { type: "string" };
const flag: Field = { type: "boolean" };
const whole: Field = { type: "integer", minimum: 0 };

/** How the connector speaks to a service; seconds for all times. */
const originRequest: Field = {
  type: "object",
  fields: {
    access: {
      type: "object",
      fields: {
        audTags: { type: "list", of: text, required: true },
        required: flag,
        teamName: { ...text, required: true },
      },
    },
    caPool: text,
    connectTimeout: whole,
    disableChunkedEncoding: flag,
    http2Origin: flag,
    httpHostHeader: text,
    keepAliveConnections: whole,
    keepAliveTimeout: whole,
    matchSnItoHost: flag,
    noHappyEyeballs: flag,
    noTlsVerify: flag,
    originServerName: text,
    proxyType: text,
    tcpKeepAlive: whole,
    tlsTimeout: whole,
  },
};

const config: Field = {
  type: "object",
  computed: true,
  fields: {
    ingresses: {
      type: "list",
      of: {
        type: "object",
        fields: { hostname: text, originRequest, path: text, service: { ...text, required: true } },
      },
    },
    originRequest,
  },
};

/** Names that the API has otherwise than the SDK. */
const API_NAMES: Record<string, string> = {
  ingresses: "ingress",
  matchSnItoHost: "matchSNItoHost",
  noTlsVerify: "noTLSVerify",
  audTags: "audTag",
};

/** The rules of a tunnel, in their order. They go when the tunnel does: a delete does nothing, as in the official plugin. */
export const tunnelConfig: RestType = {
  token: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
  noun: "tunnel configuration",
  inputs: {
    accountId: { type: "string", required: true, nonEmpty: true, replaces: true },
    config,
    source: { type: "string", computed: true, values: ["local", "cloudflare"] },
    tunnelId: { type: "string", required: true, nonEmpty: true, replaces: true },
  },
  reads: {
    config: (object) => fromApi(config.fields ?? {}, object.config ?? {}),
    createdAt: "created_at",
    source: "source",
    version: "version",
  },
  unsettled: () => ["version", "createdAt"],
  async create(cloud, inputs) {
    await put(cloud, inputs);
    return { id: String(inputs.tunnelId) };
  },
  find: (cloud, _id, state) => unlessGone(() => cloud.get(pathOf(state))),
  steps: [{ inputs: ["config", "source"], run: (cloud, _id, inputs) => put(cloud, inputs) }],
  remove: async () => {},
  importing(id) {
    const [accountId, tunnelId] = importId(id, "<account_id>", "<tunnel_id>");
    return { id: tunnelId, state: { accountId, tunnelId } };
  },
};

function pathOf({ accountId, tunnelId }: Properties): string {
  return `/accounts/${accountId}/cfd_tunnel/${tunnelId}/configurations`;
}

async function put(cloud: { put(path: string, body: Json): Promise<Json> }, inputs: Properties): Promise<void> {
  await cloud.put(pathOf(inputs), { config: toApi((inputs.config as Properties) ?? {}) });
}

function toApi(value: Value): Json {
  if (Array.isArray(value)) return value.map(toApi);
  if (!isProperties(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [API_NAMES[name] ?? name, toApi(part)]));
}

/** What the SDK knows of an object; the API tells more. */
function fromApi(fields: Fields, object: Json): Properties {
  const result: Properties = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = object[API_NAMES[name] ?? name];
    if (value !== undefined && value !== null) result[name] = valueFrom(field, value);
  }
  return result;
}

function valueFrom(field: Field, value: Json): Value {
  if (field.fields) return fromApi(field.fields, value);
  return Array.isArray(value) ? value.map((item) => valueFrom(field.of ?? { type: "any" }, item)) : value;
}
