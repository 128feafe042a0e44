import type { Snapshot, Volume } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeMarkers } from "../../domain/node-marker.ts";
import { ownershipTags } from "../../domain/tags.ts";
import type { OperationOptions } from "../progress.ts";
import type { NodeStack } from "./node-stack.ts";
import { ask, present, waitFor } from "./waiting.ts";

/** Seconds that a volume made from a snapshot may take to be listed. */
const VOLUME_SECONDS = 600;

/** Times that the volume is asked for where no answer comes. */
const ASKS = 5;

/** The image that the node is raised from. Throws `ResumeFailed` where what the stop kept is gone, and says what can be done. */
export async function resumeImage(stack: NodeStack, markers: NodeMarkers, given?: string): Promise<string> {
  const { config, owner, cloud } = stack;
  const image = given ?? markers.stopped?.image;
  if (image === undefined)
    throw new UserError("ResumeFailed", {
      node: owner.node,
      reason: `nothing says what ${owner.node} was stopped with`,
      suggestion: `name an image: windlass node resume ${owner.node} --image ${config.goldenImage ?? config.image}; its volume is kept`,
    });
  const found = await present(cloud.image(/^\d+$/.test(image) ? Number(image) : image));
  if (found?.regions.includes(config.gpuRegion)) return image;
  const problem = found
    ? `is not in region ${config.gpuRegion}, only in ${found.regions.join(", ")}`
    : "is gone: somebody deleted it while the node was stopped";
  const what = given !== undefined ? `image ${image}` : `stop snapshot ${image} of ${owner.node}`;
  throw new UserError("ResumeFailed", {
    ...{ node: owner.node, image },
    reason: `${what} ${given !== undefined && !found ? "does not exist" : problem}`,
    suggestion: `resume with another image: windlass node resume ${owner.node} --image ${config.goldenImage ?? config.image} (or a snapshot's id); what was on the root disk is lost then (packages, files outside the volume), volume ${config.volumeName} with data and checkpoints is kept`,
  });
}

/** The archive that an expired node's volume is in. Throws `ResumeFailed` where it is gone. */
export async function volumeArchive(stack: NodeStack, markers: NodeMarkers): Promise<Snapshot | undefined> {
  if (!markers.expired) return undefined;
  const { snapshot: id } = markers.expired;
  const archive = await present(stack.cloud.snapshot(id));
  if (archive || (await existingVolume(stack))) return archive;
  throw new UserError("ResumeFailed", {
    ...{ node: stack.owner.node, snapshot: id },
    reason: `volume ${stack.config.volumeName} was archived in snapshot ${id}, and that is gone: the data is lost unless there is a backup`,
    suggestion: "look for a backup: windlass restore; or begin anew: windlass down, then windlass up",
  });
}

/** Makes the volume of an expired node from its archive, unless an earlier run did. */
export async function restoreVolume(
  stack: NodeStack,
  archive: Snapshot | undefined,
  { onEvent, signal }: OperationOptions,
): Promise<Volume> {
  const { cloud, config, owner } = stack;
  const bounds = { seconds: VOLUME_SECONDS, ...(signal ? { signal } : {}) };
  for (let asks = 0; ; asks++) {
    const there = await existingVolume(stack);
    if (there) return there;
    if (!archive || asks >= ASKS) break;
    onEvent?.({ kind: "phase", text: `making volume ${config.volumeName} from snapshot ${archive.name}` });
    const made = await ask(
      cloud.createVolume({
        ...{ name: config.volumeName, region: config.gpuRegion, snapshot_id: archive.id },
        size_gigabytes: Math.max(config.volumeSizeGiB, Math.ceil(archive.size_gigabytes)),
        tags: ownershipTags({ project: owner.project, stack: owner.stack }, config.tags),
      }),
    );
    if (made) await waitFor(stack, bounds, () => existingVolume(stack));
    else await stack.clock.sleep(5000, signal);
  }
  throw new UserError("ResumeFailed", {
    ...{ node: owner.node, volume: config.volumeName },
    reason: `volume ${config.volumeName} could not be made from its archive; the archive is kept`,
    suggestion: "run it again",
  });
}

async function existingVolume({ cloud, config }: NodeStack): Promise<Volume | undefined> {
  return (await cloud.volumes({ name: config.volumeName, region: config.gpuRegion }))[0];
}
