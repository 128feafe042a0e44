import { UserError } from "../domain/errors.ts";
import type { ProvisionResult } from "../domain/provision-result.ts";
import { liveResources, stackOutputs } from "./checkpoint.ts";
import { type CostEstimate, estimateCost, priced } from "./cost.ts";
import { hasVanished } from "./drift.ts";
import type { Changes } from "./engine/events.ts";
import { openStack } from "./engine/stack.ts";
import { cloudAddress } from "./engine.ts";
import { type GateOptions, type Judged, judgedUpdate } from "./gate/gate.ts";
import type { UsedOverride } from "./gate/override.ts";
import type { Violation } from "./gate/verdict.ts";
import { nodeResults } from "./nodes.ts";
import { refuseFailed, runPrechecks } from "./prechecks/index.ts";
import { currentDeployment, type Prepared, prepare } from "./prepare.ts";
import { type Plan, planOf } from "./preview.ts";
import { rememberPrices } from "./price-list.ts";
import type { OperationOptions } from "./progress.ts";
import type { TargetOptions } from "./target.ts";

export interface UpOptions extends TargetOptions, OperationOptions, GateOptions {
  /** Shown the plan before anything is made; answer false to leave it. Without it the update goes ahead. */
  confirm?: (plan: Plan) => Promise<boolean>;
  /** A line for the stack's history. */
  message?: string;
}

export interface UpResult {
  stack: string;
  changes: Changes;
  /** One Droplet Provision Result for each node. */
  nodes: ProvisionResult[];
  cost: CostEstimate;
  outputs: Record<string, unknown>;
  /** What policies tell without refusing, and what was overridden; there only when there is something. */
  policy?: { advisories: Violation[]; overrides: UsedOverride[] };
}

/**
 * Brings the stack to what the program declares, where no policy refuses it. Run again, it goes on from wherever it was stopped and changes
 * nothing that fits. Throws `ConfigInvalid`, `PrecheckFailed`, `BudgetExceeded`, `PolicyViolation`, `StackLocked` before anything is made; `ProvisionFailed`,
 * `VolumeAttachFailed`, `SSHConnectionFailed`, `BootstrapFailed`, `CommandFailed`, `Cancelled` after.
 */
export async function up(options: UpOptions = {}): Promise<UpResult> {
  const prepared = await prepare(options);
  const { target, config, deployment } = prepared;
  const { checks, facts } = await runPrechecks(target, config, deployment, options);
  refuseFailed(checks);
  refuseEmptyMachines(prepared);
  const sizes = facts?.sizes ?? [];
  rememberPrices(target, sizes);
  const open = await openStack(target, "up", options, { create: true });
  const refresh = hasVanished(deployment, facts, options);
  const { confirm, message, overrides, pack } = options;
  const { changes, ...policy } = await judgedUpdate(
    open,
    { ...prepared, sizes, refresh },
    {
      operation: "up",
      ...(message ? { message } : {}),
      ...(overrides ? { overrides } : {}),
      ...(pack ? { pack } : {}),
      ...(confirm ? { confirm: (judged) => confirmed(target.stack, judged, confirm) } : {}),
    },
  );
  const after = await currentDeployment(target);
  return {
    stack: target.stack,
    changes,
    nodes: nodeResults(after, sizes),
    cost: estimateCost(priced(liveResources(deployment)), priced(liveResources(after)), sizes),
    outputs: stackOutputs(after),
    ...(policy.advisories.length + policy.overrides.length > 0 ? { policy } : {}),
  };
}

/** A preview is of use without machines; an update would wait for an ssh that never comes. */
function refuseEmptyMachines({ target, config }: Prepared): void {
  if (target.cloud !== "local" || !config.bootstrap || cloudAddress(target.home)?.backend !== "none") return;
  throw new UserError("PrecheckFailed", {
    check: "machines",
    reason: "the local cloud runs without machines (backend none), so there is no node that could be set up",
    suggestion: "set windlass:bootstrap to false, or stop it and start it with: windlass local start --backend docker",
  });
}

async function confirmed(stack: string, judged: Judged, confirm: (plan: Plan) => Promise<boolean>): Promise<void> {
  if (await confirm(planOf(stack, judged))) return;
  throw new UserError("Cancelled", {
    reason: "not confirmed; nothing was changed",
    suggestion: `run: windlass up --stack ${stack}`,
  });
}
