import { type Deployment, liveResources, nameOfUrn } from "./checkpoint.ts";
import type { CloudFacts } from "./prechecks/cloud.ts";
import type { OperationOptions } from "./progress.ts";

const LISTED: Record<string, (facts: Pick<CloudFacts, "droplets" | "volumes">) => { id: string | number }[]> = {
  "digitalocean:index/droplet:Droplet": (facts) => facts.droplets,
  "digitalocean:index/volume:Volume": (facts) => facts.volumes,
};

const ATTACHMENT = "digitalocean:index/volumeAttachment:VolumeAttachment";

/**
 * Whether a droplet, a volume or an attachment of the state is gone from the cloud: then an update has to look at everything first, or it would take
 * for there what is not. The lists come from the checks, so that this costs nothing.
 */
export function hasVanished(
  deployment: Deployment | undefined,
  facts: Pick<CloudFacts, "droplets" | "volumes"> | undefined,
  options: OperationOptions,
): boolean {
  if (!facts) return false;
  const gone = liveResources(deployment).filter(({ type, id, inputs }) => {
    if (type === ATTACHMENT) return isDetached(inputs, facts);
    const there = LISTED[type]?.(facts);
    return there !== undefined && id !== undefined && !there.some((object) => String(object.id) === id);
  });
  for (const { urn, id } of gone) {
    const text = `${nameOfUrn(urn)} (${id}) is gone from the cloud: looking at everything first`;
    options.onEvent?.({ kind: "note", level: "warning", text });
  }
  return gone.length > 0;
}

/** A detachment whose answer was lost fails in the engine, though it was carried out: the state goes on to say attached. */
function isDetached(inputs: Record<string, unknown> | undefined, { volumes }: Pick<CloudFacts, "volumes">): boolean {
  const volume = volumes.find(({ id }) => id === inputs?.volumeId);
  return volume !== undefined && !volume.droplet_ids?.includes(Number(inputs?.dropletId));
}
