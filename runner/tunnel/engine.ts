import type { CloudflareTunnelArgs } from "../../components/cloudflare-tunnel.ts";
import { changesAmong } from "../engine/changes.ts";
import type { EngineReport } from "../engine/events.ts";
import { inOwnWords, settle } from "../engine/own-stack.ts";
import { type EngineOperation, openStack, runEngine } from "../engine/stack.ts";
import type { OperationOptions } from "../progress.ts";
import type { Target } from "../target.ts";
import type { Access } from "./access.ts";

/**
 * Runs an operation on a tunnel's stack, looking at Cloudflare first. Program and plugin run in this process. Throws `StackLocked`, and
 * `CommandFailed` with what Cloudflare said.
 */
export async function runTunnel(
  target: Target,
  operation: EngineOperation,
  api: Access,
  options: OperationOptions,
  declared?: CloudflareTunnelArgs,
): Promise<EngineReport> {
  const { serveCloudflarePlugin } = await import("../local-cloud.ts");
  const plugin = await serveCloudflarePlugin(api);
  try {
    await settle(target, options);
    const { tunnelProgram } = await import("../../stacks/tunnel.ts");
    const open = await openStack(target, operation, options, {
      create: true,
      ...(declared ? { program: async () => tunnelProgram(declared) } : {}),
    });
    Object.assign(open.stack.workspace.envVars, plugin.environment);
    return await runEngine(open, operation, { refresh: true });
  } catch (error) {
    throw inOwnWords(error, `windlass tunnel ${operation === "destroy" ? "down" : "up"} ${target.project}`);
  } finally {
    plugin.close();
  }
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
