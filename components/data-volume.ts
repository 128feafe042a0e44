import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { type Ownership, ownershipTags } from "../domain/tags.ts";
import { refuse } from "./arguments.ts";
import { adoptionProblem, type ExistingVolume } from "./existing-volume.ts";

/** Arguments of a DataVolume. */
export interface DataVolumeArgs {
  /** Name of the volume, unique in its region; 1 to 63 lower-case letters, digits and dashes. A change needs a new volume, so it is refused while the old one is protected. */
  volumeName: string;
  /** Region slug. A volume never leaves its region: a change needs a new volume, so it is refused while the old one is protected. */
  region: string;
  /** Size in GiB, 1 to 16384; costs $0.10 per GiB and month, attached or not. A change grows the volume in place; it never shrinks. */
  sizeGiB: number;
  /** Project and stack that the volume belongs to: they are tags. A change updates in place. */
  owner: Ownership;
  /** The volume of that name and region, where there is one: it is taken over, with everything on it. See findVolume. A change has no effect once it is taken over. @default - a new volume is made */
  existing?: ExistingVolume;
  /** Further tags. A change adds tags in place; those that an existing volume has are kept, whoever set them. @default [] */
  tags?: string[];
}

/** Properties that would replace the volume and lose the data: never sent again once it is there. */
const REPLACING = ["description", "initialFilesystemType", "initialFilesystemLabel", "snapshotId", "filesystemType"];

/**
 * A block volume that outlives the machines it is attached to: protected, kept when the stack is destroyed, and taken over
 * where one of its name exists. It is made without a file system; the node makes one if there is none.
 *
 * @example new DataVolume("data", { volumeName: "finance-data", region: "tor1", sizeGiB: 500, owner })
 */
export class DataVolume extends pulumi.ComponentResource {
  readonly volumeId: pulumi.Output<string>;
  readonly volumeName: pulumi.Output<string>;
  /** GiB. */
  readonly sizeGiB: pulumi.Output<number>;

  constructor(name: string, args: DataVolumeArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("windlass:storage:DataVolume", name, {}, opts);
    refuse(`DataVolume ${name}`, problems(args));
    const volume = new digitalocean.Volume(
      name,
      {
        name: args.volumeName,
        region: args.region,
        size: args.sizeGiB,
        tags: ownershipTags(args.owner, [...(args.tags ?? []), ...(args.existing?.tags ?? [])]),
      },
      { parent: this, protect: true, retainOnDelete: true, ignoreChanges: REPLACING, import: args.existing?.id },
    );
    this.volumeId = volume.id;
    this.volumeName = volume.name;
    this.sizeGiB = volume.size;
    this.registerOutputs({ volumeId: this.volumeId, volumeName: this.volumeName, sizeGiB: this.sizeGiB });
  }
}

function problems(args: DataVolumeArgs): string[] {
  const found: string[] = [];
  const { existing, sizeGiB } = args;
  if (!Number.isInteger(sizeGiB) || sizeGiB < 1 || sizeGiB > 16384)
    found.push(`sizeGiB: got ${sizeGiB}, allowed is a whole number from 1 to 16384`);
  if (existing && existing.sizeGiB > sizeGiB)
    found.push(
      `sizeGiB: got ${sizeGiB}, but the volume ${existing.name} has ${existing.sizeGiB} GiB and volumes never shrink; set it to ${existing.sizeGiB} or more`,
    );
  const foreign = existing && adoptionProblem(existing, args.owner);
  if (foreign) found.push(foreign);
  return found;
}
