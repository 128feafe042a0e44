import type { GpuLoad } from "./backend.ts";

/** What the store keeps: the facts, once each. What the API shows is derived in each family's `view`. Times are ISO, to the second. */

export interface Droplet {
  id: number;
  name: string;
  region: string;
  /** Slug of the size. */
  size: string;
  /** Of the root disk; differs from the size's after a resize without the disk. */
  diskGiB: number;
  image: Image;
  status: "new" | "active" | "off";
  /** The action that runs; no second one may start, and the droplet reads `locked`. */
  pending: number | null;
  createdAt: string;
  tags: string[];
  vpc: string;
  features: string[];
  /** OpenSSH public key lines put in at creation. */
  authorizedKeys: string[];
  userData?: string;
  publicIp?: string;
  privateIp?: string;
  /** 1 for GPU droplets: the list leaves them out unless asked for. */
  gpu: 0 | 1;
  gpuLoad?: GpuLoad[];
  sshDown?: boolean;
  publicNetworking: boolean;
}

export interface Action {
  id: number;
  /** What runs it: an entry of the table of action kinds. */
  kind: string;
  /** What the API calls it. */
  type: string;
  /** 0 for what the cloud does on its own behind a request, and never shows. */
  visible: 0 | 1;
  status: "in-progress" | "completed" | "errored";
  startedAt: string;
  completedAt: string | null;
  /** Milliseconds on the cloud's clock before which it does not complete. */
  due: number;
  region: string | null;
  resourceType: "droplet" | "volume" | "image" | "reserved_ip" | "none";
  resourceId: number | null;
  droplet?: number;
  volume?: string;
  image?: number;
  ip?: string;
  /** Work of two actions that share a key runs in the order in which they were begun. */
  keys: string[];
  /** Keys whose work it waits for without holding up what comes after it. */
  after: string[];
  /** Why it errored. */
  failure?: string;
  params: Record<string, unknown>;
  fault?: "stuck" | "errored";
}

export interface Image {
  id: number;
  name: string;
  type: "base" | "snapshot" | "admin";
  distribution: string;
  slug: string | null;
  public: boolean;
  regions: string[];
  createdAt: string;
  minDiskGiB: number;
  sizeGiB: number;
  description: string;
  tags: string[];
  /** Of a snapshot: the droplet it was taken of. */
  droplet?: number;
  /** Carries Docker and the GPU tools. */
  gpu: boolean;
  docker: boolean;
}

export interface SshKey {
  id: number;
  name: string;
  publicKey: string;
  fingerprint: string;
}

export interface Volume {
  id: string;
  name: string;
  region: string;
  sizeGiB: number;
  description: string;
  filesystem?: "ext4" | "xfs";
  label: string;
  tags: string[];
  createdAt: string;
  droplet: number | null;
  snapshot?: string;
}

export interface VolumeSnapshot {
  id: string;
  name: string;
  volume: string;
  region: string;
  minDiskGiB: number;
  sizeGiB: number;
  tags: string[];
  createdAt: string;
}

export interface Vpc {
  id: string;
  name: string;
  description: string;
  region: string;
  range: string;
  default: boolean;
  createdAt: string;
}

/** Where a firewall rule lets traffic come from or go to. */
export interface RulePeers {
  addresses?: string[];
  droplet_ids?: number[];
  load_balancer_uids?: string[];
  kubernetes_ids?: string[];
  tags?: string[];
}

export interface InboundRule {
  /** What is not said is allowed. A rule that denies comes before all that allow, those of other firewalls too. */
  action?: "allow" | "deny";
  protocol: "tcp" | "udp" | "icmp";
  /** "0" means all, as DigitalOcean answers. */
  ports: string;
  sources: RulePeers;
}

export interface OutboundRule {
  action?: "allow" | "deny";
  protocol: "tcp" | "udp" | "icmp";
  ports: string;
  destinations: RulePeers;
}

export interface Firewall {
  id: string;
  name: string;
  status: "waiting" | "succeeded" | "failed";
  createdAt: string;
  inbound: InboundRule[];
  outbound: OutboundRule[];
  droplets: number[];
  tags: string[];
  pending: { droplet_id: number; removing: boolean; status: string }[];
}

export interface ReservedIp {
  /** The address. */
  id: string;
  region: string;
  droplet: number | null;
  locked: boolean;
  createdAt: string;
}

export interface Tag {
  /** The name. */
  id: string;
  createdAt: string;
}

export interface Project {
  id: string;
  name: string;
  description: string;
  purpose: string;
  environment: "" | "Development" | "Staging" | "Production";
  isDefault: boolean;
  createdAt: string;
  updatedAt: string;
}

/** A resource outside the default project. */
export interface Assignment {
  /** The resource's URN. */
  id: string;
  project: string;
  assignedAt: string;
}

/** One stretch of time in which one thing cost one price. Times are milliseconds on the cloud's clock. */
export interface Meter {
  id: number;
  kind: "droplet" | "volume" | "snapshot" | "reserved_ip";
  resource: string;
  name: string;
  region: string;
  tags: string[];
  size?: string;
  /** US dollars. */
  hourly: number;
  /** Hours of a calendar month after which no more is charged; null = no cap. */
  capHours: number | null;
  since: number;
  until: number | null;
}

/** A "destroy with associated resources" and how far it is. */
export interface Destruction {
  /** The droplet. */
  id: number;
  name: string;
  resources: Record<"reserved_ips" | "snapshots" | "volumes" | "volume_snapshots", DestroyedResource[]>;
  destroyedAt: string | null;
  completedAt: string | null;
}

export interface DestroyedResource {
  id: string;
  name: string;
  /** Absent until it is gone. */
  destroyed_at?: string;
}

/** A fault to inject; see `faults.ts` for the kinds. */
export interface FaultRule {
  id: string;
  kind: string;
  method?: string;
  path?: string;
  /** How often it still strikes; 0 = for ever. */
  times: number;
  probability?: number;
  status?: number;
  retryAfter?: number;
  message?: string;
  seconds?: number;
  size?: string;
  region?: string;
  actionType?: string;
  /** How often it has struck. */
  hits: number;
}
