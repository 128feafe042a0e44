import type { SizePrice } from "../domain/cost/node-price.ts";
import { UserError } from "../domain/errors.ts";
import type { ProvisionResult } from "../domain/provision-result.ts";
import { liveResources, stackOutputs } from "./checkpoint.ts";
import { type CostEstimate, estimateCost, priced } from "./cost.ts";
import { hasVanished } from "./drift.ts";
import { type Changes, nothingChanges } from "./engine/events.ts";
import { type OpenStack, openStack, runEngine } from "./engine/stack.ts";
import { cloudAddress } from "./engine.ts";
import { nodeResults } from "./nodes.ts";
import { refuseFailed, runPrechecks } from "./prechecks/index.ts";
import { currentDeployment, type Prepared, prepare } from "./prepare.ts";
import { type Plan, planOf } from "./preview.ts";
import { rememberPrices } from "./price-list.ts";
import type { OperationOptions } from "./progress.ts";
import type { TargetOptions } from "./target.ts";

export interface UpOptions extends TargetOptions, OperationOptions {
  /** Shown the plan before anything is made; answer false to leave it. Without it the update goes ahead, and no preview is made. */
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
}

/**
 * Brings the stack to what the program declares. Run again, it goes on from wherever it was stopped and changes nothing that fits.
 * Throws `ConfigInvalid`, `PrecheckFailed`, `BudgetExceeded`, `StackLocked` before anything is made; `ProvisionFailed`,
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
  const changes = await update(open, prepared, sizes, { ...options, refresh });
  const after = await currentDeployment(target);
  return {
    stack: target.stack,
    changes,
    nodes: nodeResults(after, sizes),
    cost: estimateCost(priced(liveResources(deployment)), priced(liveResources(after)), sizes),
    outputs: stackOutputs(after),
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

async function update(
  open: OpenStack,
  prepared: Prepared,
  sizes: SizePrice[],
  options: UpOptions & { refresh: boolean },
): Promise<Changes> {
  const { stack } = prepared.target;
  if (options.confirm) {
    const plan = planOf(
      stack,
      await runEngine(open, "preview", { refresh: options.refresh }),
      prepared.deployment,
      sizes,
    );
    if (nothingChanges(plan.changes)) return plan.changes;
    if (!(await options.confirm(plan))) {
      throw new UserError("Cancelled", {
        reason: "not confirmed; nothing was changed",
        suggestion: `run: windlass up --stack ${stack}`,
      });
    }
  }
  const { message, refresh } = options;
  return (await runEngine(open, "up", { refresh, ...(message ? { message } : {}) })).changes;
}
