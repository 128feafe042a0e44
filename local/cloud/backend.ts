/**
 * What stands behind the objects of the local cloud: containers, loop devices and networks (`docker`), or nothing (`none`).
 *
 * Every method is idempotent: the cloud repeats it after a kill, so "already there" and "already gone" are successes.
 * A rejected promise fails the cloud's action (status `errored`) unless the method says otherwise; the message goes to the log.
 * Sizes are GiB unless the name says otherwise.
 */
export interface Backend {
  readonly kind: "docker" | "none";

  /**
   * Checks that this host can do it and prepares what all droplets share (image, public network).
   * @throws Error whose message says what is missing and what to do. `progress` receives lines for the log.
   */
  prepare(progress: (line: string) => void): Promise<void>;

  /** Creates and starts the machine if it is not there; answers with its addresses, the same ones on every call. */
  ensureDroplet(spec: DropletSpec): Promise<{ publicIp: string; privateIp: string }>;
  powerOn(id: number): Promise<void>;
  powerOff(id: number): Promise<void>;
  reboot(id: number): Promise<void>;
  /** Removes the machine and its root disk; its volumes are detached first by the cloud, and are never touched here. */
  removeDroplet(id: number): Promise<void>;

  ensureVolume(volume: VolumeSpec): Promise<void>;
  /** Makes the device larger, attached or not; the file system inside is its owner's business, as at DigitalOcean. */
  resizeVolume(id: string, sizeGiB: number): Promise<void>;
  removeVolume(id: string): Promise<void>;
  attachVolume(volumeId: string, volumeName: string, dropletId: number): Promise<void>;
  detachVolume(volumeId: string, volumeName: string, dropletId: number): Promise<void>;

  /** The root disk only. Called again for a snapshot that is there, it answers with that one's size. */
  snapshotDroplet(dropletId: number, snapshotId: number): Promise<{ sizeGiB: number }>;
  removeDropletSnapshot(snapshotId: number): Promise<void>;
  snapshotVolume(volumeId: string, snapshotId: string): Promise<{ sizeGiB: number }>;
  removeVolumeSnapshot(snapshotId: string): Promise<void>;

  /** What this machine uses of the private ranges already, beside this cloud's own VPCs: no VPC can be made over it. */
  takenRanges(): Promise<TakenRange[]>;
  ensureVpc(vpc: { id: string; range: string }): Promise<void>;
  removeVpc(id: string): Promise<void>;

  /**
   * Puts the whole rule set of one droplet in force (the union of its firewalls, sources already resolved to CIDRs).
   * `null` = no firewall applies, everything is open, as at DigitalOcean. Established connections stay.
   */
  setFirewall(dropletId: number, rules: FirewallRules | null): Promise<void>;

  /** `ip` null = allocate one; `dropletId` null = assigned to nothing. */
  assignReservedIp(ip: string | null, dropletId: number | null): Promise<{ ip: string }>;
  releaseReservedIp(ip: string): Promise<void>;

  /** The load that the droplet's nvidia-smi shows from now on, one entry for each GPU. */
  setGpu(dropletId: number, gpus: GpuLoad[]): Promise<void>;
  /** A reading of now; null when the machine is off or the backend has none. */
  metrics(dropletId: number): Promise<DropletMetrics | null>;

  /** Removes everything this backend ever made for this cloud. */
  reset(): Promise<void>;
  /** Lets go of handles; machines stay as they are. */
  close(): Promise<void>;
}

/** Everything a backend needs to make a machine; nothing in it changes the API's answers. */
export interface DropletSpec {
  id: number;
  name: string;
  sizeSlug: string;
  vcpus: number;
  memoryMiB: number;
  diskGiB: number;
  /** `memoryMiB` is one GPU's. */
  gpu?: { model: string; count: number; memoryMiB: number };
  /** `slug` for a distribution or GPU base image, `snapshotId` for a user's snapshot. */
  image: { slug?: string; snapshotId?: number; gpu: boolean; docker: boolean };
  region: string;
  userData?: string;
  /** OpenSSH public key lines. */
  authorizedKeys: string[];
  vpcId: string;
  vpcRange: string;
  /** Addresses of an earlier call, where there was one: the machine keeps them. */
  privateIp?: string;
  publicIp?: string;
  /** A fault: the machine runs, but its sshd never starts. */
  sshDown?: boolean;
}

/** A volume to exist; with `snapshotId` its contents are the snapshot's, else it is empty, formatted where `filesystem` says so. */
export interface VolumeSpec {
  id: string;
  name: string;
  sizeGiB: number;
  filesystem?: "ext4" | "xfs";
  label?: string;
  snapshotId?: string;
}

/** What is let through, after what is denied; anything else is dropped. */
export interface FirewallRules {
  inbound: FirewallRule[];
  outbound: FirewallRule[];
}

export interface FirewallRule {
  protocol: "tcp" | "udp" | "icmp";
  /** "22", "8000-9000", "all", or "" for icmp. */
  ports: string;
  /** Resolved already: addresses, and the addresses of droplets, tags and load balancers. Empty = nothing matches. */
  cidrs: string[];
  /** Dropped, whatever the rules that are not denied say. */
  denied?: true;
}

/** What one GPU of a droplet shows. */
export interface GpuLoad {
  /** Percent, 0 to 100. */
  utilization: number;
  memoryUsedMiB: number;
  temperatureC: number;
  powerW: number;
}

/** A reading of a running machine. */
export interface DropletMetrics {
  /** Of all virtual CPUs together, 0 to 100. */
  cpuPercent: number;
  memoryUsedMiB: number;
  memoryTotalMiB: number;
  diskUsedGiB: number;
  diskTotalGiB: number;
  load1: number;
  /** Since the machine started. */
  netRxBytes: number;
  netTxBytes: number;
}

/** What a backend module's factory is given; `createDockerBackend(options): Backend` in `backends/docker/backend.ts`. */
export interface BackendOptions {
  /** The cloud's own folder; a backend keeps its files below it. */
  dataDir: string;
  log: (line: string) => void;
}

/** An IPv4 range in CIDR form, and what has it, in words. */
export interface TakenRange {
  range: string;
  by: string;
}
