import { randomBytes } from "node:crypto";
import { UserError } from "../../domain/errors.ts";
import { asking, type TunnelOptions } from "./access.ts";
import { madeTunnel } from "./made.ts";
import type { TunnelCloud } from "./project.ts";

const SECRET_BYTES = 32;

/** What cloudflared is started with (TUNNEL_TOKEN), as Cloudflare has it now: a secret. */
export async function tunnelToken(options: TunnelOptions): Promise<string> {
  const { record, id, api } = await madeTunnel(options);
  return asking(() => api.client.tunnelToken(record.account, id));
}

export interface RotateOptions extends TunnelOptions {
  dryRun?: boolean;
  /** Cuts every connection: connectors with the old token do not come back. */
  disconnect?: boolean;
  confirm?: (plan: RotatePlan) => Promise<boolean>;
}

export interface RotatePlan {
  tunnel: string;
  cloud: TunnelCloud;
  id: string;
  /** Connectors that are connected, with the token of before. */
  connectors: number;
}

export interface RotateResult extends RotatePlan {
  rotated: boolean;
  disconnected: boolean;
}

/**
 * Gives a tunnel another token: the old one is refused to connectors that start from now on; those that are connected stay until they are
 * started again, or are cut with `disconnect`.
 */
export async function rotateTunnelToken(options: RotateOptions): Promise<RotateResult> {
  const { record, id, api } = await madeTunnel(options);
  const { account, name, cloud } = record;
  const connectors = (await asking(() => api.client.connectors(account, id))).length;
  const plan = { tunnel: name, cloud, id, connectors };
  if (options.dryRun) return { ...plan, rotated: false, disconnected: false };
  if (options.confirm && !(await options.confirm(plan)))
    throw new UserError("Cancelled", { reason: "not confirmed; nothing was changed" });
  const secret = randomBytes(SECRET_BYTES).toString("base64");
  await asking(() => api.client.setTunnelSecret(account, id, secret));
  if (options.disconnect) await asking(() => api.client.disconnect(account, id));
  return { ...plan, rotated: true, disconnected: options.disconnect === true };
}
