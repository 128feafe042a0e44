import type { ApiIngressRule, CloudflareClient } from "../../clients/cloudflare/index.ts";
import { UserError } from "../../domain/errors.ts";
import type { IngressRule } from "../../domain/tunnel/ingress.ts";
import { asking, type TunnelOptions } from "./access.ts";
import { type DeclaredTunnel, readTunnel } from "./file.ts";
import { madeTunnel } from "./made.ts";
import type { TunnelCloud } from "./project.ts";
import { placeTunnel } from "./zones.ts";

export interface TunnelShown {
  tunnel: string;
  cloud: TunnelCloud;
  account: string;
  id: string;
  file: string;
  /** `inactive` (no connector yet), `healthy`, `degraded`, `down`. */
  status: string;
  connectors: { id: string; version: string; connections: number; since: string }[];
  rules: { hostname: string | null; path: string | null; service: string }[];
  /** How Cloudflare differs from the file; `tunnel up` puts it right. */
  drift: string[];
}

/** A tunnel as it is at Cloudflare, compared with its file. Throws `NotFound` where it is gone there. */
export async function showTunnel(options: TunnelOptions): Promise<TunnelShown> {
  const { record, id, api } = await madeTunnel(options);
  const { account, name, cloud, file } = record;
  const { client } = api;
  const present = await asking(() => client.tunnel(account, id));
  if (!present)
    throw new UserError("NotFound", {
      reason: `tunnel ${name} (${id}) is gone from Cloudflare`,
      suggestion: `make it again: windlass tunnel up ${file}`,
    });
  const [connectors, rules] = await asking(() =>
    Promise.all([client.connectors(account, id), client.ingress(account, id)]),
  );
  const declared = readTunnel(file);
  return {
    tunnel: name,
    cloud,
    account,
    id,
    file,
    status: present.status,
    connectors: connectors.map(({ id: connector, version, conns, run_at: since }) => ({
      ...{ id: connector, version, connections: conns.length, since },
    })),
    rules: rules.map(({ hostname, path, service }) => ({ hostname: hostname || null, path: path || null, service })),
    drift: [...ruleDrift(declared.ingress, rules), ...(await recordDrift(client, declared, id, cloud))],
  };
}

function ruleDrift(declared: readonly IngressRule[], there: readonly ApiIngressRule[]): string[] {
  const text = ({ hostname, path, service, originRequest }: ApiIngressRule | IngressRule): string =>
    JSON.stringify([hostname || null, path || null, service, Object.entries(originRequest ?? {}).sort()]);
  const found: string[] = [];
  for (let index = 0; index < Math.max(declared.length, there.length); index++) {
    const [own, other] = [declared[index], there[index]];
    if (own && other && text(own) === text(other)) continue;
    const what = !other ? "is missing there" : !own ? "is not in the file" : `sends to ${other.service} there`;
    found.push(`rule ${index + 1} (${(own ?? other)?.hostname || "every hostname"}) ${what}`);
  }
  return found;
}

async function recordDrift(
  client: CloudflareClient,
  declared: DeclaredTunnel,
  id: string,
  cloud: TunnelCloud,
): Promise<string[]> {
  const { zones } = await placeTunnel(client, declared, cloud);
  const look = async ([hostname, zone]: [string, { id: string }]): Promise<string[]> => {
    const records = await asking(() => client.dnsRecords(zone.id, hostname));
    const own = records.find(({ type, content }) => type === "CNAME" && content === `${id}.cfargotunnel.com`);
    if (own?.proxied) return [];
    if (own) return [`${hostname} is not proxied: it leads nowhere`];
    const other = records.map(({ type, content }) => `${type} ${content}`).join(", ");
    return [`${hostname} does not lead to the tunnel${other ? ` (it is ${other})` : ""}`];
  };
  return (await Promise.all(Object.entries(zones).map(look))).flat();
}
