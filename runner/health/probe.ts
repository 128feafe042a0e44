import type { HealthMetrics } from "../../domain/health/result.ts";
import type { HealthTarget, TargetKind } from "../../domain/health/target.ts";
import type { TargetOptions } from "../target.ts";

/** What was seen of one service. */
export interface Reading {
  service: string;
  /** What was asked, without passwords. */
  endpoint: string;
  /** Must hold for it to be of any use. */
  required: Record<string, boolean>;
  /** Must hold for it to be well. */
  desired?: Record<string, boolean>;
  metrics?: Partial<HealthMetrics>;
  /** Why something does not hold. */
  reason?: string | undefined;
}

export interface ProbeContext {
  /** Ends with the target's time-out, and when the whole check is stopped. */
  deadline: AbortSignal;
  /** The stack that nodes and droplets belong to, and the folder that stacks of services are kept in. */
  options: TargetOptions;
}

/**
 * Looks at a target once; nothing is tried again, because a try that fails is what is looked for. Throws where it does not answer: the check named
 * by `REACHED` fails then.
 */
export type Probe = (target: HealthTarget, context: ProbeContext) => Promise<Reading[]>;

/** The check of each kind that everything else hangs on. */
export const REACHED: Readonly<Record<TargetKind, string>> = {
  http: "http_200",
  tcp: "tcp_open",
  postgres: "accepts_connections",
  redis: "pong",
  langfuse: "api_ok",
  prometheus: "ready",
  services: "running",
  node: "ssh_reachable",
  droplet: "active",
};
