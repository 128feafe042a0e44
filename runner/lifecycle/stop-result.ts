import type { BreakEven } from "../../domain/break-even.ts";
import type { StopStrategy } from "../../domain/node-marker.ts";
import type { StillBilled } from "./still-billed.ts";

export interface StopNodeOptions {
  /** How the root disk survives. @default windlass:stopStrategy */
  strategy?: "auto" | "snapshot" | "golden";
  /** Shell command that the node runs before it stops. @default windlass:stopHook */
  hook?: string;
  /** Minutes that it may take. @default windlass:stopHookMinutes */
  hookMinutes?: number;
  /** Whether a hook that fails or hangs keeps the node up; else it is a warning. @default false */
  requireHook?: boolean;
  /** Why, for the stack's history. */
  why?: string;
  /** Shown what it will take before anything is done; answer false to leave it. */
  confirm?: (plan: StopPlan) => Promise<boolean>;
  /** Only the plan. */
  dryRun?: boolean;
  /** Takes the lease of somebody who is gone. */
  breakLease?: boolean;
}

/** What a stop will do, take and save. */
export interface StopPlan {
  stack: string;
  node: string;
  dropletId: number;
  size: string;
  region: string;
  strategy: StopStrategy;
  /** Billed until the droplet is destroyed. */
  hourlyUsd: number | null;
  /** GB in use on the root disk; null where nobody could look. */
  usedRootGiB: number | null;
  breakEven: BreakEven | null;
}

export interface StopResult {
  stack: string;
  node: string;
  /** `already` where it was stopped before, `planned` after a dry run. */
  outcome: "stopped" | "already" | "planned";
  operation: string | null;
  strategy: StopStrategy | null;
  /** What the next resume starts from: a snapshot's id or an image. */
  image: string | null;
  /** Droplets that answer 404 now. */
  destroyed: number[];
  stillBilled: StillBilled[];
  /** What did not go as it should and stopped nothing, such as a hook that failed. */
  warnings: string[];
  /** Seconds of the cloud's time. */
  seconds: number;
  plan: StopPlan | null;
}
