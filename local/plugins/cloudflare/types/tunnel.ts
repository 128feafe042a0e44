import { createHash, randomBytes } from "node:crypto";
import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, marked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { hasCode } from "../errors.ts";
import { importId } from "../paths.ts";

const SECRET_BYTES = 32;
const MARK_BYTES = 8;

/** A tunnel. A change of the secret makes its token another one. */
export const tunnel: RestType = {
  token: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  noun: "tunnel",
  inputs: {
    accountId: { type: "string", required: true, nonEmpty: true, replaces: true },
    configSrc: { type: "string", default: "local", values: ["local", "cloudflare"], replaces: true },
    name: { type: "string", required: true, nonEmpty: true },
    tunnelSecret: { type: "string" },
  },
  reads: {
    accountId: "account_tag",
    accountTag: "account_tag",
    configSrc: ({ config_src: source, remote_config: remote }) => source ?? (remote ? "cloudflare" : "local"),
    connections: (object) => object.connections ?? [],
    connsActiveAt: "conns_active_at",
    connsInactiveAt: "conns_inactive_at",
    createdAt: "created_at",
    deletedAt: "deleted_at",
    metadata: (object) => JSON.stringify(object.metadata ?? {}),
    name: "name",
    remoteConfig: "remote_config",
    status: "status",
    tunType: "tun_type",
  },
  verify: ({ tunnelSecret }) => {
    if (typeof tunnelSecret !== "string" || Buffer.from(tunnelSecret, "base64").length >= SECRET_BYTES) return [];
    return [
      { property: "tunnelSecret", reason: `expected tunnelSecret to be the base64 of at least ${SECRET_BYTES} bytes` },
    ];
  },
  create,
  async find(cloud, id, state) {
    const found = await unlessGone(() => cloud.get(`${pathOf(state)}/${id}`));
    // The API goes on telling of tunnels that are deleted.
    return found?.deleted_at ? undefined : found;
  },
  steps: [
    {
      inputs: ["name", "tunnelSecret"],
      run: (cloud, id, { name, tunnelSecret }, state) =>
        cloud.patch(`${pathOf(state)}/${id}`, { name, ...(tunnelSecret ? { tunnel_secret: tunnelSecret } : {}) }),
    },
  ],
  async remove(cloud, id, state) {
    try {
      await unlessGone(() => cloud.remove(`${pathOf(state)}/${id}`));
    } catch (error) {
      if (!hasCode(error, 1022)) throw error;
      throw new Error(`${error.message}: stop its connectors (cloudflared), then run this again`, { cause: error });
    }
  },
  importing(id) {
    const [accountId, tunnelId] = importId(id, "<account_id>", "<tunnel_id>");
    return { id: tunnelId, state: { accountId } };
  },
};

function pathOf({ accountId }: Properties): string {
  return `/accounts/${accountId}/cfd_tunnel`;
}

/**
 * A tunnel has no place for a mark of the create that made it but its secret: the last bytes of one that is made up here are a digest of
 * the URN, so that what a killed update has made is known by its token. The 32 bytes before are random.
 */
async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const path = pathOf(inputs);
  const { name, configSrc } = inputs;
  const mark = createHash("sha256").update(`${cloud.call.urn} ${name}`).digest().subarray(0, MARK_BYTES);
  const given = inputs.tunnelSecret as string | undefined;
  const secret = given ?? Buffer.concat([randomBytes(SECRET_BYTES), mark]).toString("base64");
  const isOurs = async ({ id }: Json): Promise<boolean> => {
    const known = secretOf(await cloud.get(`${path}/${id}/token`));
    return given === undefined ? known.subarray(SECRET_BYTES).equals(mark) : known.equals(Buffer.from(given, "base64"));
  };
  const object = await createOnce({
    what: `tunnel "${name}"`,
    make: () => make(cloud, path, { name, config_src: configSrc, tunnel_secret: secret }),
    async candidates() {
      const found = await cloud.list(`${path}?name=${encodeURIComponent(String(name))}&is_deleted=false`, "");
      const ours = await Promise.all(found.map(isOurs));
      return found.filter((_one, index) => ours[index]);
    },
    differs: (one: Json) => {
      const source = one.config_src ?? (one.remote_config ? "cloudflare" : "local");
      return source === configSrc ? undefined : `configSrc is ${source}`;
    },
    remove: (one) => cloud.remove(`${path}/${one.id}`),
    ...marked(cloud),
  });
  return { id: object.id, object };
}

async function make(cloud: Cloud, path: string, body: Json): Promise<Json> {
  try {
    return await cloud.post(path, body);
  } catch (error) {
    if (!hasCode(error, 1013)) throw error;
    const { type, name } = cloud.call;
    error.message += `: this resource did not make it; give it another name, or import it (pulumi import ${type} ${name} <account_id>/<tunnel_id>)`;
    throw error;
  }
}

function secretOf(token: string): Buffer {
  const { s } = JSON.parse(Buffer.from(token, "base64").toString()) as { s: string };
  return Buffer.from(s, "base64");
}
