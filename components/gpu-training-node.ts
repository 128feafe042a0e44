import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type { Checkpoint } from "../domain/provision-result.ts";
import { firewallTag, ownershipTags } from "../domain/tags.ts";
import { timerTags } from "../domain/timer-tags.ts";
import { refuse } from "./arguments.ts";
import { type GpuTrainingNodeArgs, nodeProblems } from "./node-arguments.ts";
import { createBootstrap, SSH_USER } from "./node-bootstrap.ts";

/** Changes of these would destroy the machine for a new key or a fixed comment: it is rebuilt on purpose only (`generation`). */
const REBUILDING = ["image", "sshKeys", "userData"];

/**
 * A GPU droplet with its data volume attached and mounted, Docker and NVIDIA's runtime verified or installed, and, where asked for, a
 * repository, a data set and a training job on it. The droplet is billed per second until it is destroyed, powered off or not.
 *
 * @example new GpuTrainingNode("node", { nodeName: "train-001", region: "tor1", size: "gpu-h100x1-80gb", image: "gpu-h100x1-base",
 *   owner, vpcUuid: network.vpcUuid, firewallId: network.firewallId, firewallTag: network.tag, sshKey,
 *   volume: { id: data.volumeId, name: data.volumeName, sizeGiB: data.sizeGiB, mountPoint: "/mnt/data" } })
 */
export class GpuTrainingNode extends pulumi.ComponentResource {
  readonly dropletId: pulumi.Output<number>;
  readonly nodeName: pulumi.Output<string>;
  /** `active` once it is up. */
  readonly status: pulumi.Output<string>;
  readonly region: pulumi.Output<string>;
  readonly size: pulumi.Output<string>;
  readonly ipAddress: pulumi.Output<string>;
  readonly privateIp: pulumi.Output<string>;
  readonly vpcUuid: pulumi.Output<string>;
  /** ISO 8601, UTC. */
  readonly createdAt: pulumi.Output<string>;
  readonly sshUser: pulumi.Output<string>;
  readonly sshKeyFingerprint: pulumi.Output<string>;
  /** The pinned host key line; empty where the node was not set up. */
  readonly hostKey: pulumi.Output<string>;
  /** Path on the node; absent where there is no job. */
  readonly trainingLog: pulumi.Output<string | undefined>;
  /** Absent where there is no job. */
  readonly firstCheckpoint: pulumi.Output<Checkpoint | undefined>;

  constructor(name: string, args: GpuTrainingNodeArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("windlass:gpu:TrainingNode", name, {}, opts);
    refuse(`GpuTrainingNode ${name}`, nodeProblems(args));
    const key = this.#createKey(name, args);
    const droplet = this.#createDroplet(name, args, key);
    const attachment = this.#createAttachment(name, args, droplet);
    this.#assignAddress(name, args, droplet);
    const machine = {
      id: droplet.id,
      host: droplet.ipv4Address,
      privateKey: args.sshKey.privateKey,
      attachment,
      attachmentId: attachment.id,
    };
    const done = args.bootstrap === false ? { hostKey: pulumi.output("") } : createBootstrap(name, machine, args, this);
    this.dropletId = droplet.id.apply(Number);
    this.nodeName = droplet.name;
    this.status = droplet.status;
    this.region = droplet.region.apply(String);
    this.size = droplet.size.apply(String);
    this.ipAddress = droplet.ipv4Address;
    this.privateIp = droplet.ipv4AddressPrivate;
    this.vpcUuid = droplet.vpcUuid;
    this.createdAt = droplet.createdAt;
    this.sshUser = pulumi.output(SSH_USER);
    this.sshKeyFingerprint = key.fingerprint;
    this.hostKey = done.hostKey;
    this.trainingLog = pulumi.output("trainingLog" in done ? done.trainingLog : undefined);
    this.firstCheckpoint = pulumi.output("firstCheckpoint" in done ? done.firstCheckpoint : undefined);
    this.registerOutputs(this.#outputs());
  }

  #outputs(): Record<string, pulumi.Output<unknown>> {
    const { dropletId, nodeName, status, region, size, ipAddress, privateIp, vpcUuid, createdAt } = this;
    const { sshUser, sshKeyFingerprint, hostKey, trainingLog, firstCheckpoint } = this;
    const machine = { dropletId, nodeName, status, region, size, ipAddress, privateIp, vpcUuid, createdAt };
    return { ...machine, sshUser, sshKeyFingerprint, hostKey, trainingLog, firstCheckpoint };
  }

  #createKey(name: string, args: GpuTrainingNodeArgs): digitalocean.SshKey {
    const { project, stack } = args.owner;
    return new digitalocean.SshKey(
      `${name}-key`,
      { name: `windlass-${project}-${stack}`, publicKey: args.sshKey.publicKey },
      { parent: this },
    );
  }

  #createDroplet(name: string, args: GpuTrainingNodeArgs, key: digitalocean.SshKey): digitalocean.Droplet {
    const createLimit = `${Math.round((args.createTimeoutMinutes ?? 5) * 60)}s`;
    return new digitalocean.Droplet(
      name,
      {
        name: args.nodeName,
        region: args.region,
        size: args.size,
        image: args.image,
        vpcUuid: args.vpcUuid,
        sshKeys: [key.id],
        monitoring: true,
        resizeDisk: false,
        tags: tagsOf(args),
      },
      {
        parent: this,
        ignoreChanges: REBUILDING,
        replacementTrigger: args.generation ?? 1,
        deleteBeforeReplace: true,
        customTimeouts: { create: createLimit, delete: "5m" },
      },
    );
  }

  #assignAddress(name: string, args: GpuTrainingNodeArgs, droplet: digitalocean.Droplet): void {
    if (args.reservedIp === undefined) return;
    new digitalocean.ReservedIpAssignment(
      `${name}-address`,
      { dropletId: droplet.id.apply(Number), ipAddress: args.reservedIp },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  #createAttachment(
    name: string,
    args: GpuTrainingNodeArgs,
    droplet: digitalocean.Droplet,
  ): digitalocean.VolumeAttachment {
    return new digitalocean.VolumeAttachment(
      `${name}-attachment`,
      { dropletId: droplet.id.apply(Number), volumeId: args.volume.id },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}

/** Sorted. All but the firewall's are known before the update, when the rules of a plan are to judge them. */
function tagsOf({
  owner,
  tags = [],
  timers,
  firewallTag: tag,
  firewallId,
}: GpuTrainingNodeArgs): pulumi.Input<string>[] {
  const { autoShutdownHours = 24, maxLifetimeHours = 720 } = timers ?? {};
  const expected = firewallTag(owner);
  const own = ownershipTags(owner, [...tags, ...timerTags({ autoShutdownHours, maxLifetimeHours })]);
  // Read through the firewall's id, so that the droplet waits for the firewall.
  const firewall = pulumi.all([tag, firewallId]).apply(([name]) => name);
  return [...own.filter((one) => one < expected), firewall, ...own.filter((one) => one > expected)];
}
