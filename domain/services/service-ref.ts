import type { ServiceRef } from "./spec.ts";

/** `service:db` names a container of the stack; everything else is the engine's business. */
export function ofService(mode: string | undefined): string | ServiceRef | undefined {
  return mode?.startsWith("service:") ? { service: mode.slice("service:".length) } : mode || undefined;
}
