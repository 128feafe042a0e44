import { judgeIdleness, SHORTEST_WINDOW_STEPS } from "../../domain/idleness.ts";
import { type NodeMarkers, nodePhase } from "../../domain/node-marker.ts";
import { nodeMarkers } from "../lifecycle/markers.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";
import { type Load, type LoadSource, liveDroplet } from "./observe.ts";

/** Whether a node is to be stopped at once, for what it costs. */
export interface StopVerdict {
  stop: boolean;
  /** Nothing of the node is billed by the hour: nothing is left to be stopped. */
  down: boolean;
  reason: string;
  markers: NodeMarkers;
  /** By the cloud's clock, milliseconds since 1970. */
  now: number;
}

/** Quiet that counts as idle now: as short as samples can tell, but no pause between two commands. */
const LEAST_WINDOW_MS = 300_000;

/**
 * Looks whether the node may be stopped: `idle` one without work by its newest samples (three, five minutes at least), that nobody holds;
 * `all` any. What is not known counts as work.
 */
export async function mayStop(stack: NodeStack, load: LoadSource, which: "idle" | "all"): Promise<StopVerdict> {
  const [markers, resources] = await Promise.all([nodeMarkers(stack.cloud, stack.owner), stack.resources()]);
  const droplet = await liveDroplet(stack, resources);
  const now = await stack.clock.now();
  const verdict = (stop: boolean, reason: string, down = false) => ({ stop, down, reason, markers, now });
  const phase = nodePhase(markers);
  if (phase === "stopped" || phase === "expired" || (phase === "running" && !droplet))
    return verdict(false, droplet || phase !== "running" ? `the node is ${phase}` : "there is no droplet", true);
  if (phase === "resuming" || !droplet) return verdict(false, `the node is ${phase}`);
  if (which === "all") return verdict(true, "all nodes are to be stopped");
  if (droplet.status !== "active") return verdict(false, `its droplet is ${droplet.status}`);
  const stepMs = stack.config.sampleSeconds * 1000;
  const window = { windowMs: Math.max(SHORTEST_WINDOW_STEPS * stepMs, LEAST_WINDOW_MS), stepMs };
  const answer = await load(stack, droplet, { ...window, now }).catch(
    (error: unknown): Load => ({ failure: error instanceof Error ? error.message : String(error) }),
  );
  if ("failure" in answer) return verdict(false, `its load is not known, which counts as active: ${answer.failure}`);
  const gpus = droplet.gpu_info?.count;
  const { idle, reason } = judgeIdleness(answer.samples, {
    ...{ ...window, now: await stack.clock.now(), percent: stack.config.idleGpuPercent },
    ...(gpus === undefined ? {} : { gpus }),
    ...(markers.hold ? { hold: markers.hold } : {}),
  });
  return verdict(idle, reason);
}
