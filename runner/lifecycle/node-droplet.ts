import type { Droplet } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import { nodeTag, stackTag } from "../../domain/tags.ts";
import type { NodeStack } from "./node-stack.ts";
import { ask, present, waitFor } from "./waiting.ts";

const DROPLET = "digitalocean:index/droplet:Droplet";

/** Seconds that an ordered shutdown may take before the power is cut. */
const SHUTDOWN_SECONDS = 120;

/** Seconds after which an action that should take some is taken for one that hangs. */
const ACTION_SECONDS = 900;

/** Seconds that a snapshot may take: 3 minutes for each GB of a large disk. */
export const SNAPSHOT_SECONDS = 4 * 3600;

/** The droplet that the state has, as the cloud sees it now; `id` alone where the cloud has none such. */
export async function stateDroplet(
  stack: NodeStack,
): Promise<{ id: number; droplet: Droplet | undefined } | undefined> {
  const resource = (await stack.resources()).find(({ type, id }) => type === DROPLET && id);
  if (!resource) return undefined;
  const id = Number(resource.id);
  return { id, droplet: await present(stack.cloud.droplet(id)) };
}

/** Droplets of the cloud that carry the node's tags, whatever the state knows. */
export async function taggedDroplets({ cloud, owner }: Pick<NodeStack, "cloud" | "owner">): Promise<Droplet[]> {
  const own = [stackTag(owner.stack), `windlass-project:${owner.project}`];
  const droplets = await cloud.droplets({ tag: nodeTag(owner.node) });
  return droplets.filter(({ tags }) => own.every((tag) => tags.includes(tag)));
}

/** Waits for the actions that run on the droplet: it takes one at a time. */
export async function settle(stack: NodeStack, id: number, signal?: AbortSignal): Promise<void> {
  const running = async () =>
    (await stack.cloud.dropletActions(id)).find(({ status }) => status === "in-progress")?.type;
  const first = await running();
  if (first === undefined) return;
  const seconds = first === "snapshot" ? SNAPSHOT_SECONDS : ACTION_SECONDS;
  const free = await waitFor(stack, { seconds, ...(signal ? { signal } : {}) }, async () =>
    (await running()) === undefined ? true : undefined,
  );
  if (!free) throw hanging(stack, id, first);
}

/** Shuts the droplet down, and cuts the power where it does not obey. Billing goes on. */
export async function powerOff(stack: NodeStack, id: number, signal?: AbortSignal): Promise<void> {
  if (await isStatus(stack, id, "off")) return;
  await ask(stack.cloud.dropletAction(id, { type: "shutdown" }));
  if (await reaches(stack, id, "off", SHUTDOWN_SECONDS, signal)) return;
  await settle(stack, id, signal);
  await ask(stack.cloud.dropletAction(id, { type: "power_off" }));
  if (!(await reaches(stack, id, "off", ACTION_SECONDS, signal))) throw hanging(stack, id, "power_off");
}

/** Powers the droplet on and waits until it is active. */
export async function powerOn(stack: NodeStack, id: number, signal?: AbortSignal): Promise<void> {
  await settle(stack, id, signal);
  if (await isStatus(stack, id, "active")) return;
  await ask(stack.cloud.dropletAction(id, { type: "power_on" }));
  if (!(await reaches(stack, id, "active", ACTION_SECONDS, signal))) throw hanging(stack, id, "power_on");
}

async function isStatus({ cloud }: NodeStack, id: number, status: Droplet["status"]): Promise<boolean> {
  return (await cloud.droplet(id)).status === status;
}

/** Off and with no action left, which would keep the next from beginning. */
async function reaches(
  stack: NodeStack,
  id: number,
  status: Droplet["status"],
  seconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const done = await waitFor(stack, { seconds, ...(signal ? { signal } : {}) }, async () =>
    (await isStatus(stack, id, status)) ? true : undefined,
  );
  return done === true;
}

function hanging({ owner }: NodeStack, id: number, type: string): UserError {
  return new UserError("StopFailed", {
    ...{ node: owner.node, droplet_id: id, action: type },
    reason: `action ${type} of droplet ${id} does not end; ${owner.node} is still there and STILL BILLED, nothing of it is lost`,
    suggestion: "run it again: it goes on from here; windlass node resume undoes a stop that has not ended",
  });
}
