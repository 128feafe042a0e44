import type * as pulumi from "@pulumi/pulumi";
import type { Ownership } from "../domain/tags.ts";

/** Arguments of a GpuTrainingNode. */
export interface GpuTrainingNodeArgs {
  /** Name of the droplet, also its host name; 1 to 63 lower-case letters, digits and dashes. A change renames it in place. */
  nodeName: string;
  /** Region slug; the volume and the VPC must be there too. A change replaces the droplet and all that is on its root disk. */
  region: string;
  /** GPU size slug: it decides the price per hour, powered on or off. A change resizes in place: the node restarts, and jobs are cut off. */
  size: string;
  /** Image slug or snapshot id, used at creation. A change is ignored until `generation` is raised. */
  image: string;
  /** Counts rebuilds, from 1. A change replaces the droplet and all that is on its root disk; the volume stays. @default 1 */
  generation?: number;
  /**
   * Minutes within which the droplet must be active, 0.1 to 120; large sizes may need more. A change has no effect on a droplet that is there.
   * @default 5
   */
  createTimeoutMinutes?: number;
  /** Project, stack and node: they are tags. A change updates in place. */
  owner: Required<Ownership>;
  /** Further tags. A change updates in place. @default [] */
  tags?: string[];
  /** The VPC. A change replaces the droplet and all that is on its root disk. */
  vpcUuid: pulumi.Input<string>;
  /** Id of the firewall that covers the node, which is made before the droplet. A change has no effect. */
  firewallId: pulumi.Input<string>;
  /** Tag at which that firewall aims. A change moves the node to another firewall in place. */
  firewallTag: pulumi.Input<string>;
  /** The key that is let in as root, and no password ever. A change is ignored by the droplet until `generation` is raised. */
  sshKey: NodeKey;
  /** A reserved IP that leads to the node, beside its own address. A change moves it in place. @default - none */
  reservedIp?: pulumi.Input<string>;
  /** The data volume. A change detaches the old one and attaches the new one; nothing is deleted. */
  volume: NodeVolume;
  /** Whether the node is set up over ssh once it is there. A change to true sets it up, to false forgets that it was. @default true */
  bootstrap?: boolean;
  /** Repository to have on the node. A change updates it there; work done there is kept in a stash and a branch. @default - none */
  repository?: NodeRepository;
  /** Data set to have on the volume. A change sends what differs; nothing is deleted there. @default - none */
  data?: NodeData;
  /** Job to start, in the repository. A change stops the running job in order and starts the new one. @default - none */
  training?: NodeTraining;
  /** After how long the node is stopped, as tags that tools and policies read; `windlass watch` does it by the stack's settings. A change updates the tags in place. @default - each with its own */
  timers?: NodeTimers;
  /** How the node is watched from within; nothing of it needs `windlass watch`. A change restarts the readings in place. @default - each with its own */
  watch?: NodeWatch;
}

/** Arguments that describe when the node is stopped. */
export interface NodeTimers {
  /** Hours of idle GPUs, or `off`. A change updates a tag in place. @default 24 */
  autoShutdownHours?: number | "off";
  /** Hours that the node may live even if it works, or `off`. A change updates a tag in place. @default 720 */
  maxLifetimeHours?: number | "off";
}

/** Arguments that describe the readings of the node's load, and its alarm when nobody collects them. */
export interface NodeWatch {
  /** Seconds between two readings of the GPUs, 5 to 3600. A change restarts the readings in place. @default 60 */
  sampleSeconds?: number;
  /**
   * Hours without a watcher after which the node gives alarm (journal, everybody logged in, the webhook), or `off`. A change takes effect in place.
   * @default 6
   */
  alarmHours?: number | "off";
  /** Slack webhook that the alarm goes to, kept as a secret in the state and for root alone on the node. A change takes effect in place. @default - none */
  webhook?: pulumi.Input<string>;
}

/** Arguments that describe the ssh key. */
export interface NodeKey {
  /** Public half, as one line. A change is ignored by the droplet until `generation` is raised. */
  publicKey: string;
  /** Private half, PEM text; kept as a secret in the state. A change updates the connections in place. */
  privateKey: pulumi.Input<string>;
}

/** Arguments that describe the volume. */
export interface NodeVolume {
  /** Id of the volume. A change detaches the old one and attaches the new one. */
  id: pulumi.Input<string>;
  /** Its name, from which the node knows its device. A change mounts the new one. */
  name: pulumi.Input<string>;
  /** Its size in GiB. A change grows the file system in place. */
  sizeGiB: pulumi.Input<number>;
  /** Folder where it is mounted. A change mounts it there too at the next boot or replacement. */
  mountPoint: string;
}

/** Arguments that describe the repository. */
export interface NodeRepository {
  /** URL to clone from, or a local folder that is sent as a git bundle. A change fetches from there. */
  url: string;
  /** Branch, tag or commit. A change checks it out in place. */
  ref: string;
  /** The commit that `ref` means in a local folder: it is what is sent. A change sends the new one. @default - the node resolves the ref */
  commit?: string;
  /** Folder on the node. A change puts the repository there and leaves the old folder. */
  path: string;
}

/** Arguments that describe the data set. */
export interface NodeData {
  /** Local folder, relative to the project's root. A change sends what differs. */
  source: string;
  /** Folder on the node. A change sends everything there and leaves the old folder. */
  target: string;
  /** Digest over names, sizes and contents of the files. A change sends what differs. */
  digest: string;
  /** How many files there are. A change sends what differs. */
  files: number;
}

/** Arguments that describe the job. */
export interface NodeTraining {
  /** Shell command, run in the repository with MOUNT, CHECKPOINTS and DATA set. A change stops the running job in order and starts the new one. */
  command: string;
}

/** What is wrong with the arguments, as lines of "argument: got, allowed, fix". */
export function nodeProblems(args: GpuTrainingNodeArgs): string[] {
  const found: string[] = [];
  const { generation = 1, training, repository, bootstrap = true } = args;
  if (!/^gpu-/.test(args.size))
    found.push(`size: got ${args.size}, allowed is a GPU size; for example gpu-h100x1-80gb`);
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(args.nodeName))
    found.push(
      `nodeName: got ${JSON.stringify(args.nodeName)}, allowed are 1 to 63 lower-case letters, digits and dashes; change it`,
    );
  if (!Number.isInteger(generation) || generation < 1)
    found.push(`generation: got ${generation}, allowed is a whole number from 1; raise it by one to rebuild`);
  for (const [name, hours] of Object.entries(args.timers ?? {})) {
    if (hours !== undefined && hours !== "off" && !(hours > 0))
      found.push(`timers.${name}: got ${hours}, allowed are hours above 0, or off; change it`);
  }
  const minutes = args.createTimeoutMinutes ?? 5;
  if (!(minutes >= 0.1 && minutes <= 120))
    found.push(`createTimeoutMinutes: got ${minutes}, allowed are 0.1 to 120 minutes; change it`);
  if (!/^(\/[\w.-]+)+$/.test(args.volume.mountPoint))
    found.push(
      `volume.mountPoint: got ${JSON.stringify(args.volume.mountPoint)}, allowed is an absolute path; for example /mnt/data`,
    );
  const { sampleSeconds = 60 } = args.watch ?? {};
  if (!Number.isInteger(sampleSeconds) || sampleSeconds < 5 || sampleSeconds > 3600)
    found.push(`watch.sampleSeconds: got ${sampleSeconds}, allowed are 5 to 3600 whole seconds; change it`);
  if (training && !repository) found.push("training: runs in the repository, but there is none; set repository");
  if (!bootstrap && (repository || args.data || training))
    found.push("bootstrap: got false, but repository, data and training need it; remove them or set it to true");
  return found;
}
