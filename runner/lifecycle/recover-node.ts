import { type NodePhase, nodePhase } from "../../domain/node-marker.ts";
import { isRefusal } from "../gate/refusal.ts";
import type { OperationOptions } from "../progress.ts";
import { nodeMarkers } from "./markers.ts";
import { taggedDroplets } from "./node-droplet.ts";
import type { NodeStack } from "./node-stack.ts";
import { resumeNode } from "./resume.ts";
import { stopNode } from "./stop.ts";

/** What a killed operation on a node's life left, and what was done about it. */
export interface NodeRecovery {
  node: string;
  phase: NodePhase;
  /** Which operation had not ended; null where none had. */
  unfinished: "stop" | "resume" | null;
  /** Whether it was finished now; false in a dry run. */
  finished: boolean;
}

/**
 * Finishes a stop or a resume that was killed: each goes on from wherever it was. Throws `StackLocked` while whoever began it is at work, and
 * whatever stop and resume throw.
 */
export async function recoverNode(
  stack: NodeStack,
  options: OperationOptions & { dryRun?: boolean; breakLease?: boolean } = {},
): Promise<NodeRecovery> {
  const phase = nodePhase(await nodeMarkers(stack.cloud, stack.owner));
  const result: NodeRecovery = { node: stack.owner.node, phase, unfinished: null, finished: false };
  if (phase === "resuming") result.unfinished = "resume";
  else if (phase === "stopping") result.unfinished = "stop";
  // The marker stands, and the update in which the droplet goes has not come so far.
  else if (phase === "stopped" && (await taggedDroplets(stack)).length > 0) result.unfinished = "stop";
  if (result.unfinished === null || options.dryRun) return result;
  options.onEvent?.({ kind: "phase", text: `finishing the ${result.unfinished} of ${stack.owner.node}` });
  if (result.unfinished === "stop") await stopNode(stack, { ...options, why: "recovery" });
  else
    await resumeNode(stack, { ...options, recovering: true }).catch((error: unknown) => undone(stack, options, error));
  return { ...result, finished: true };
}

/** A resume that a policy refuses has put everything back as it was: that ends it too. */
function undone({ owner }: NodeStack, { onEvent }: OperationOptions, error: unknown): void {
  if (!isRefusal(error)) throw error;
  onEvent?.({ kind: "note", level: "warning", text: `${owner.node} stays stopped: ${error.details.reason}` });
}
