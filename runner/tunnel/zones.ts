import type { CloudflareClient, CloudflareZone } from "../../clients/cloudflare/index.ts";
import { UserError } from "../../domain/errors.ts";
import { hostnamesOf } from "../../domain/tunnel/ingress.ts";
import { zoneOf } from "../../domain/tunnel/zones.ts";
import { placeOf } from "../services/locate.ts";
import { asking } from "./access.ts";
import type { DeclaredTunnel } from "./file.ts";
import type { TunnelCloud } from "./project.ts";

/** The account of a tunnel and the zones of its hostnames. */
export interface Placement {
  account: string;
  /** By hostname. */
  zones: Record<string, CloudflareZone>;
}

/**
 * Finds the zone of every hostname among those that the token may see, and the one account that they belong to. Throws `PrecheckFailed` with the
 * line of every hostname that lies in none.
 */
export async function placeTunnel(
  client: CloudflareClient,
  declared: DeclaredTunnel,
  cloud: TunnelCloud,
): Promise<Placement> {
  const hostnames = hostnamesOf(declared.ingress);
  if (hostnames.length === 0)
    throw new UserError("ConfigInvalid", {
      reason: `${declared.file}: no rule has a hostname, so nothing leads to the tunnel`,
      suggestion: "give the rules hostnames of your domain",
    });
  const all = await asking(() => client.zones());
  const placed = hostnames.map((hostname) => ({ hostname, zone: zoneOf(hostname, all) }));
  const homeless = placed.filter(({ zone }) => !zone).map(({ hostname }) => lineOf(declared, hostname));
  if (homeless.length > 0) throw noZone(homeless, all, cloud);
  const zones = Object.fromEntries(placed.map(({ hostname, zone }) => [hostname, zone as CloudflareZone]));
  const accounts = new Map(Object.values(zones).map(({ account, name }) => [account.id, `${name} of ${account.name}`]));
  if (accounts.size > 1)
    throw new UserError("PrecheckFailed", {
      reason: `the hostnames lie in zones of ${accounts.size} accounts: ${[...accounts.values()].join(", ")}`,
      suggestion: "make one tunnel for each account",
    });
  return { account: [...accounts.keys()][0] ?? "", zones };
}

interface Homeless {
  file: string;
  line: number;
  hostname: string;
}

function lineOf({ file, ingress }: DeclaredTunnel, hostname: string): Homeless {
  const index = ingress.findIndex((rule) => rule.hostname === hostname);
  return { hostname, ...placeOf([file], ["ingress", String(index), "hostname"]) };
}

function noZone(homeless: Homeless[], all: readonly CloudflareZone[], cloud: TunnelCloud): UserError {
  const lines = homeless.map(
    ({ file, line, hostname }) => `${file}:${line}: ${hostname} lies in no zone that the token may see`,
  );
  const names = all.map(({ name }) => name).join(", ") || "none";
  const domain = homeless[0]?.hostname.split(".").slice(-2).join(".") ?? "";
  const fix =
    cloud === "local"
      ? `add it: windlass local zone ${domain}`
      : "add the domain to the account, or give the token Zone: Zone: Read and Zone: DNS: Edit for it";
  const [first, ...others] = lines;
  return new UserError("PrecheckFailed", {
    reason: first ?? "",
    suggestion: `${fix} (zones there: ${names})`,
    file: homeless[0]?.file,
    line: homeless[0]?.line,
    ...(others.length > 0 ? { also: others } : {}),
  });
}
