import * as digitalocean from "@pulumi/digitalocean";
import type * as pulumi from "@pulumi/pulumi";
import { UserError } from "../domain/errors.ts";
import { type Ownership, stackTag } from "../domain/tags.ts";

/** A volume that is there already, as the API describes it. */
export interface ExistingVolume {
  id: string;
  name: string;
  /** GiB. */
  sizeGiB: number;
  tags: string[];
}

/** What is asked for: the name decides, the id (where given) must agree. */
export interface VolumeQuery {
  name: string;
  region: string;
  id?: string;
}

/**
 * Looks for a volume by name and region; answers undefined where there is none. It asks in previews as well. Throws UserError
 * `ConfigInvalid` where an id was asked for and no volume of that name has it. The provider's lookup fails where there is none
 * (terraform-provider-digitalocean, findVolumeByName: "no volumes found with name"): that failure is the answer here.
 */
export async function findVolume(query: VolumeQuery, opts?: pulumi.InvokeOptions): Promise<ExistingVolume | undefined> {
  const found = await lookup(query, opts);
  if (query.id !== undefined && found?.id !== query.id)
    throw new UserError("ConfigInvalid", {
      reason: `volume ${query.id} is not the volume ${query.name} in ${query.region}, ${found ? `which is ${found.id}` : "where there is none of that name"}`,
      suggestion:
        "set windlass:volumeName and windlass:gpuRegion to the name and region of that volume, or remove windlass:volumeId",
      volume_id: query.id,
    });
  return found;
}

async function lookup(query: VolumeQuery, opts?: pulumi.InvokeOptions): Promise<ExistingVolume | undefined> {
  try {
    const { id, name, size, tags } = await digitalocean.getVolume({ name: query.name, region: query.region }, opts);
    return { id, name, sizeGiB: size, tags: tags ?? [] };
  } catch (error) {
    if (/no volumes? found with name/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** Why a volume must not be taken over by that owner, or nothing: what carries no tag of ours may be, what is another stack's may not. */
export function adoptionProblem(volume: ExistingVolume, owner: Ownership): string | undefined {
  const marks = volume.tags.filter((tag) => tag.startsWith("windlass-stack:") || tag.startsWith("windlass-project:"));
  const foreign = marks.find((tag) => tag !== stackTag(owner.stack) && tag !== `windlass-project:${owner.project}`);
  if (!foreign) return undefined;
  return `volumeName: the volume ${volume.name} (${volume.id}) belongs to ${foreign.replace(":", " ").replace("windlass-", "")}; choose another name, or remove its tag ${foreign} if that stack is gone`;
}
