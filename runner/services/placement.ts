import type { StackPlan } from "../../domain/services/spec.ts";
import { chooseGpus, type GpusOptions, type ServiceGpus } from "./gpus.ts";
import { choosePorts, type MovedPort, movedText, type PortsOptions } from "./ports.ts";

export interface PlacementOptions extends PortsOptions, GpusOptions {}

/** A plan with the ports and GPUs of the Docker host that it gets. */
export interface Placement {
  plan: StackPlan;
  movedPorts: MovedPort[];
  gpus: ServiceGpus[];
  /** Seconds that were stood in line for GPUs; missing where none is asked for. */
  waitedSeconds?: number;
  /** To be called when the containers run, or nothing comes of it. */
  release(): Promise<void>;
}

/** Gives a plan what containers of the host cannot share: GPUs, then ports. Throws `PrecheckFailed` where there is too little. */
export async function placeOnHost(plan: StackPlan, options: PlacementOptions): Promise<Placement> {
  const { release, gpus, ...chosen } = await chooseGpus(plan, options);
  try {
    const { plan: placed, moved: movedPorts } = await choosePorts(chosen.plan, options);
    for (const moved of movedPorts) options.onEvent?.({ kind: "note", level: "warning", text: movedText(moved) });
    const { waitedSeconds } = chosen;
    return { plan: placed, movedPorts, gpus, release, ...(waitedSeconds === undefined ? {} : { waitedSeconds }) };
  } catch (error) {
    await release();
    throw error;
  }
}
