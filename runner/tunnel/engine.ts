import type { CloudflareTunnelArgs } from "../../components/cloudflare-tunnel.ts";
import type { Changes, EngineReport, Step } from "../engine/events.ts";
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

/** One thing that an update makes, changes or removes. */
export interface TunnelChange {
  action: Step["action"];
  /** `tunnel`, `rules`, `DNS record`. */
  kind: string;
  name: string;
  /** Inputs that differ. */
  changed: string[];
}

const KINDS: Record<string, string> = {
  ZeroTrustTunnelCloudflared: "tunnel",
  ZeroTrustTunnelCloudflaredConfig: "rules",
  DnsRecord: "DNS record",
};

/** Only what is Cloudflare's: the stack, the component and the provider are bookkeeping. */
export function tunnelChanges({ steps }: EngineReport): { changes: Changes; steps: TunnelChange[] } {
  const own = steps.filter(({ type }) => type.startsWith("cloudflare:"));
  const changes: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  for (const { action } of own)
    if (action in changes) changes[action as keyof Changes] = (changes[action as keyof Changes] ?? 0) + 1;
  const changing = own.filter(({ action }) => ["create", "update", "replace", "delete"].includes(action));
  return {
    changes,
    steps: changing.map(({ action, type, inputs, name, changed }) => ({
      action,
      kind: KINDS[type.split(":").at(-1) ?? ""] ?? type,
      name: typeof inputs.name === "string" ? inputs.name : name,
      changed: changed ?? [],
    })),
  };
}
