import type { CloudflareTunnelArgs } from "../../components/cloudflare-tunnel.ts";
import { changesAmong } from "../engine/changes.ts";
import type { EngineReport } from "../engine/events.ts";
import { runOwnStack } from "../engine/own-stack.ts";
import type { EngineOperation } from "../engine/stack.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";
import type { Access } from "./access.ts";

/** Runs an operation on a tunnel's stack, looking at Cloudflare first. Throws `StackLocked`, and `CommandFailed` with what Cloudflare said. */
export async function runTunnel(
  target: Target,
  operation: EngineOperation,
  api: Access,
  options: OperationOptions,
  declared?: CloudflareTunnelArgs,
): Promise<EngineReport> {
  const servePlugin = async () => (await import("../local-cloud.ts")).serveCloudflarePlugin(api);
  const loadProgram = async () => {
    if (!declared) return undefined;
    const { tunnelProgram } = await import("../../stacks/tunnel.ts");
    return async () => tunnelProgram(declared);
  };
  const run = { operation, args: { refresh: true }, commands: "tunnel", servePlugin, loadProgram };
  return runOwnStack(target, run, options);
}

/** Of the resources that a tunnel consists of. */
const KINDS: Record<string, string> = {
  ZeroTrustTunnelCloudflared: "tunnel",
  ZeroTrustTunnelCloudflaredConfig: "rules",
  DnsRecord: "DNS record",
};

/** Only what is Cloudflare's. */
export function tunnelChanges(report: EngineReport) {
  return changesAmong(report, ({ type }) =>
    type.startsWith("cloudflare:") ? (KINDS[type.split(":").at(-1) ?? ""] ?? type) : undefined,
  );
}
