export interface ResumeNodeOptions {
  /** Whether the training job is started again. @default false */
  run?: boolean;
  /** Image in place of what the stop kept: for a snapshot that is gone. */
  image?: string;
  /** Sizes to try, in this order, where the config's cannot be had. @default windlass:fallbackSizes */
  fallbackSizes?: readonly string[];
  /** Whether to wait for capacity (up to 48 minutes) before other sizes are tried. @default true */
  wait?: boolean;
  /** Shown what it will do before anything is made; answer false to leave it. */
  confirm?: (plan: ResumePlan) => Promise<boolean>;
  /** Only the plan. */
  dryRun?: boolean;
  /** Takes the lease of somebody who is gone. */
  breakLease?: boolean;
  /** Whether a resume that was killed is finished where its droplet stands: no policy is asked then. @default false */
  recovering?: boolean;
}

export interface ResumePlan {
  stack: string;
  node: string;
  region: string;
  image: string;
  /** In the order in which they are tried. */
  sizes: string[];
  /** Of the first size. */
  hourlyUsd: number | null;
  /** The snapshot that the volume is made from first; null where the volume is there. */
  volumeFrom: string | null;
  /** When it was stopped, ISO 8601. */
  stoppedAt: string | null;
}

export interface ResumeResult {
  stack: string;
  node: string;
  /** `already` where it ran, `cancelled` where a stop under way was undone, `planned` after a dry run. */
  outcome: "resumed" | "already" | "cancelled" | "planned";
  dropletId: number | null;
  size: string | null;
  image: string | null;
  ipAddress: string | null;
  /** Whether the training job was started again. */
  training: boolean;
  warnings: string[];
  /** Seconds of the cloud's time. */
  seconds: number;
  plan: ResumePlan | null;
}
