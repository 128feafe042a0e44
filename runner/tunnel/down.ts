import { UserError } from "../../domain/errors.ts";
import { liveResources, nameOfUrn, readCheckpoint } from "../checkpoint.ts";
import type { Changes } from "../engine/events.ts";
import { asking, type TunnelOptions } from "./access.ts";
import { runTunnel, tunnelChanges } from "./engine.ts";
import { madeTunnel } from "./made.ts";
import { forgetTunnel, type TunnelCloud } from "./project.ts";

export interface TunnelDownOptions extends TunnelOptions {
  dryRun?: boolean;
  /** Cuts connectors that are still connected. */
  force?: boolean;
  /** Shown what goes; answer false to leave it. */
  confirm?: (plan: TunnelDownPlan) => Promise<boolean>;
}

export interface TunnelDownPlan {
  tunnel: string;
  cloud: TunnelCloud;
  id: string;
  /** Names of the DNS records that go with it. */
  records: string[];
  /** Connectors that are connected. */
  connectors: number;
}

export interface TunnelDownResult extends TunnelDownPlan {
  changes: Changes;
}

/**
 * Removes a tunnel and its DNS records. Throws `PrecheckFailed` where a connector is connected and `force` is not set: nothing is removed
 * then. Otherwise as `tunnelUp` does.
 */
export async function tunnelDown(options: TunnelDownOptions): Promise<TunnelDownResult> {
  const { record, target, id, api } = await madeTunnel(options);
  const { account, name } = record;
  const present = await asking(() => api.client.tunnel(account, id));
  const connectors = present ? await asking(() => api.client.connectors(account, id)) : [];
  const records = liveResources(readCheckpoint(target))
    .filter(({ type }) => type.endsWith(":DnsRecord"))
    .map(({ inputs, urn }) => String(inputs?.name ?? nameOfUrn(urn)));
  const plan = { tunnel: name, cloud: record.cloud, id, records, connectors: connectors.length };
  const nothing: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  if (options.dryRun) return { ...plan, changes: nothing };
  if (connectors.length > 0 && !options.force)
    throw new UserError("PrecheckFailed", {
      reason: `tunnel ${name} has ${connectors.length} connected: ${connectors.map(({ id: one }) => one).join(", ")}; nothing was removed`,
      suggestion: "stop cloudflared first (windlass services down ...), or cut it off with --force",
    });
  if (options.confirm && !(await options.confirm(plan)))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was removed" });
  if (connectors.length > 0) await asking(() => api.client.disconnect(account, id));
  const report = await runTunnel(target, "destroy", api, options);
  forgetTunnel(api.home, record);
  return { ...plan, changes: tunnelChanges(report).changes };
}
