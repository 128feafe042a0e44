import type { StackPlan } from "./spec.ts";

/** How much of what a container writes the engine keeps. */
export interface LogRotation {
  /** Of one file, as Docker has it: `10m`. */
  maxSize: string;
  /** From 1. */
  maxFiles: number;
}

/** A size of Docker's json-file driver. */
export const LOG_SIZE = /^[1-9]\d*[kmg]?$/i;

/** Bounds the logs of containers of which the file says nothing: Docker's own json-file driver keeps everything. */
export function withLogRotation(plan: StackPlan, rotation: LogRotation | undefined): StackPlan {
  if (!rotation) return plan;
  const logOpts = { "max-size": rotation.maxSize, "max-file": String(rotation.maxFiles) };
  return {
    ...plan,
    containers: plan.containers.map((spec) => {
      const { logDriver, logOpts: own } = spec.settings;
      if (logDriver || own) return spec;
      return { ...spec, settings: { ...spec.settings, logDriver: "json-file", logOpts } };
    }),
  };
}
