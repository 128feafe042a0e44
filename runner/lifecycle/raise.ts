import type { ApiError, Size } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { isRefusal } from "../gate/refusal.ts";
import type { OperationOptions } from "../progress.ts";
import { placeMarker, removeMarkers } from "./markers.ts";
import { noCapacity } from "./move-advice.ts";
import type { NodeStack } from "./node-stack.ts";

/** Minutes before each further try of the same size. */
export const BACK_OFF_MINUTES: readonly number[] = [1, 2, 5, 10, 30];

/** What is to be raised. */
export interface Raise {
  operation: string;
  image: string;
  /** In the order in which they are tried; the first is waited for. */
  sizes: readonly string[];
  wait: boolean;
}

/**
 * Raises the droplet with the first size that can be had, and answers with it. Throws `ProvisionFailed` where none can, `BudgetExceeded` and
 * `PolicyViolation` where a policy refuses it: then everything is stopped as it was.
 */
export async function raise(stack: NodeStack, what: Raise, options: OperationOptions): Promise<string> {
  const [first = "", ...others] = what.sizes;
  const pauses = what.wait ? BACK_OFF_MINUTES : [];
  for (const minutes of [0, ...pauses]) {
    if (minutes > 0) {
      const text = `${first} cannot be had in ${stack.config.gpuRegion} now: trying again in ${minutes} min`;
      options.onEvent?.({ kind: "note", level: "warning", text });
      await stack.clock.sleep(minutes * 60_000, options.signal);
    }
    if (await tryToRaise(stack, { ...what, size: first }, options)) return first;
  }
  for (const size of others) {
    const text = `trying fallback size ${size}`;
    options.onEvent?.({ kind: "note", level: "warning", text });
    if (await tryToRaise(stack, { ...what, size }, options)) return size;
  }
  await removeMarkers(stack.cloud, stack.owner, "resuming");
  await stack.converge(`resume ${stack.owner.node}: no capacity`);
  throw await noCapacity(stack, what.sizes);
}

/** False where there is no such machine to be had; every other failure is thrown. */
async function tryToRaise(
  stack: NodeStack,
  { operation, image, size }: { operation: string; image: string; size: string },
  { onEvent }: OperationOptions,
): Promise<boolean> {
  if (!canBeHad(await stack.cloud.sizes(), size, stack.config.gpuRegion)) return false;
  await placeMarker(stack.cloud, stack.owner, { kind: "resuming", operation, image, size });
  onEvent?.({ kind: "phase", text: `raising ${stack.owner.node} from ${image} with ${size}` });
  try {
    await stack.converge(`resume ${stack.owner.node}`, { judged: true });
    return true;
  } catch (error) {
    if (isCapacity(error)) return false;
    if (isRefusal(error)) await putBack(stack, error);
    throw error;
  }
}

/** What an update had made before it was refused goes again; where none had begun there is nothing to be taken back. */
async function putBack(stack: NodeStack, { details }: UserError): Promise<void> {
  await removeMarkers(stack.cloud, stack.owner, "resuming");
  if (details.begun) await stack.converge(`resume ${stack.owner.node}: refused`);
}

function canBeHad(sizes: readonly Size[], slug: string, region: string): boolean {
  return sizes.some((size) => size.slug === slug && size.available && size.regions.includes(region));
}

/** DigitalOcean's 422 for a machine that it has not got, as the engine or the API tells it. */
export function isCapacity(error: unknown): boolean {
  const text = error instanceof Error ? error.message : "";
  const words = /capacity|not (currently )?available in (this )?region|size is not available|temporarily unavailable/i;
  if (error instanceof UserError)
    return error.code === "ProvisionFailed" && words.test(`${error.details.reason} ${error.details.answer ?? ""}`);
  return (error as ApiError | undefined)?.status === 422 && words.test(text);
}
