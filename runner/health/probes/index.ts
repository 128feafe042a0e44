import type { TargetKind } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";

/** How each kind of target but nodes is looked at; a probe is loaded when something of its kind is there. */
export const PROBES: Readonly<Record<Exclude<TargetKind, "node">, () => Promise<Probe>>> = {
  http: async () => (await import("./http.ts")).http,
  tcp: async () => (await import("./tcp.ts")).tcp,
  postgres: async () => (await import("./postgres.ts")).postgres,
  redis: async () => (await import("./redis.ts")).redis,
  langfuse: async () => (await import("./langfuse.ts")).langfuse,
  prometheus: async () => (await import("./prometheus.ts")).prometheus,
  services: async () => (await import("./services.ts")).services,
  droplet: async () => (await import("./droplet.ts")).droplet,
};
