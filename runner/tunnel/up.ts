import type { CloudflareTunnelArgs } from "../../components/cloudflare-tunnel.ts";
import { UserError } from "../../domain/errors.ts";
import { hostnamesOf } from "../../domain/tunnel/ingress.ts";
import { liveResources, readCheckpoint } from "../checkpoint.ts";
import type { Change } from "../engine/changes.ts";
import type { Changes } from "../engine/events.ts";
import type { Target } from "../target.ts";
import { access, type TunnelOptions } from "./access.ts";
import { runTunnel, tunnelChanges } from "./engine.ts";
import { readTunnel } from "./file.ts";
import { forgetTunnel, readTunnelRecord, type TunnelCloud, tunnelTarget } from "./project.ts";
import { placeTunnel } from "./zones.ts";

export interface TunnelUpOptions extends TunnelOptions {
  dryRun?: boolean;
  /** Shown what would change; answer false to leave it. Not asked where nothing changes. */
  confirm?: (plan: TunnelPlan) => Promise<boolean>;
}

export interface TunnelPlan {
  tunnel: string;
  cloud: TunnelCloud;
  account: string;
  changes: Changes;
  steps: Change[];
}

export interface TunnelUpResult extends TunnelPlan {
  /** Null before it was made. */
  id: string | null;
  hostnames: { hostname: string; zone: string }[];
}

const TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

/**
 * Brings a tunnel, its rules and its DNS records to what the file declares. Run again, it changes nothing that fits; what was changed at
 * Cloudflare is put back. Throws `ConfigInvalid` and `PrecheckFailed` with lines before anything is changed, `CommandFailed` where Cloudflare
 * refuses, `Cancelled`.
 */
export async function tunnelUp(options: TunnelUpOptions): Promise<TunnelUpResult> {
  const declared = readTunnel(options.tunnel);
  for (const { key, line } of declared.ignored)
    options.onEvent?.({
      kind: "note",
      level: "warning",
      text: `${declared.file}:${line}: ${key} is not applied: it is the connector's, whose settings stand in its Compose file`,
    });
  const api = await access(options);
  const { account, zones } = await placeTunnel(api.client, declared, api.cloud);
  const { name, file, ingress, originRequest } = declared;
  const before = readTunnelRecord(api.home, api.cloud, name);
  const record = { name, cloud: api.cloud, account, file };
  const target = tunnelTarget(api.home, record);
  const args: CloudflareTunnelArgs = {
    tunnelName: name,
    accountId: account,
    ingress,
    zones: Object.fromEntries(Object.entries(zones).map(([hostname, { id }]) => [hostname, id])),
    ...(originRequest ? { originRequest } : {}),
  };
  const about = { tunnel: name, cloud: api.cloud, account };
  const hostnames = hostnamesOf(ingress).map((hostname) => ({ hostname, zone: zones[hostname]?.name ?? "" }));
  if (options.dryRun || options.confirm) {
    const plan = { ...about, ...tunnelChanges(await runTunnel(target, "preview", api, options, args)) };
    const quiet = plan.steps.length === 0;
    if (options.dryRun || (!quiet && !(await options.confirm?.(plan)))) {
      const result = { ...plan, id: tunnelId(target), hostnames };
      if (!before) forgetTunnel(api.home, record);
      if (!options.dryRun) throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
      return result;
    }
  }
  const report = await runTunnel(target, "up", api, options, args);
  return { ...about, ...tunnelChanges(report), id: tunnelId(target), hostnames };
}

/** The tunnel's id as the state has it; null where there is none. */
export function tunnelId(target: Target): string | null {
  return liveResources(readCheckpoint(target)).find(({ type }) => type === TUNNEL)?.id ?? null;
}
