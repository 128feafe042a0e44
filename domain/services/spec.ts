/** What a stack of services is made of, in the words of Docker's engine: plain data, made from a Compose project by `plan`. */
export interface StackPlan {
  /** Compose's project name. */
  project: string;
  networks: NetworkSpec[];
  volumes: VolumeSpec[];
  images: ImageSpec[];
  /** Dependencies stand before what depends on them. */
  containers: ContainerSpec[];
}

export type Labels = Record<string, string>;

/** A network that belongs to the stack; `key` is its name in the file. */
export interface NetworkSpec {
  key: string;
  name: string;
  driver?: string;
  options?: Record<string, string>;
  internal?: boolean;
  attachable?: boolean;
  ipv6?: boolean;
  ipamDriver?: string;
  ipamConfigs?: { subnet?: string; gateway?: string; ipRange?: string; auxAddress?: Record<string, string> }[];
  labels: Labels;
}

/** A volume that belongs to the stack; `key` is its name in the file. */
export interface VolumeSpec {
  key: string;
  name: string;
  driver?: string;
  driverOpts?: Record<string, string>;
  labels: Labels;
}

/** An image that containers start from: built, else pulled when the engine has none of that name. */
export interface ImageSpec {
  name: string;
  platform?: string;
  build?: BuildSpec;
  /** It is built again when one of them changes. */
  triggers?: Record<string, string>;
  /** It is pulled again when the engine got it so long ago, in seconds; 0: each time. */
  pullAfterSeconds?: number;
}

/** How an image is built. */
export interface BuildSpec {
  /** Absolute. */
  context: string;
  /** Absolute. */
  dockerfile: string;
  target?: string;
  /** May hold secrets. */
  buildArgs?: Record<string, string>;
  labels?: Labels;
  /** Further names. */
  tags?: string[];
  networkMode?: string;
  /** `host:address` */
  extraHosts?: string[];
  cacheFroms?: string[];
  noCache?: boolean;
  /** Looks for a newer image to start from. */
  pullParent?: boolean;
  /** Bytes. */
  shmSize?: number;
  platform?: string;
  /** The engine's first builder in place of BuildKit. */
  useLegacyBuilder?: boolean;
}

/** A dependency on all containers of a service. */
export interface Dependency {
  service: string;
  condition: "service_started" | "service_healthy" | "service_completed_successfully";
}

/** One container of a service. */
export interface ContainerSpec {
  /** `web-1`: unique in the stack. */
  key: string;
  service: string;
  /** From 1. */
  number: number;
  /** Its name in the engine. */
  name: string;
  image: string;
  /** False where the file says that its image is neither built nor pulled. */
  pulled: boolean;
  platform?: string;
  dependsOn: Dependency[];
  /** Others wait for its end: it is a task, not a server. */
  isTask: boolean;
  /** Seconds until it must be healthy; undefined where the file says nothing of its health. */
  healthySeconds?: number;
  labels: Labels;
  /** `KEY=value`; may hold secrets. */
  envs: string[];
  /** Files put into the container; their content may be secret. */
  uploads: Upload[];
  networkMode: string | ServiceRef;
  networks: NetworkUse[];
  pidMode?: string | ServiceRef;
  ipcMode?: string | ServiceRef;
  volumes: VolumeUse[];
  mounts: MountUse[];
  settings: ContainerSettings;
}

/** The first container of another service, as in `network_mode: service:vpn`. */
export interface ServiceRef {
  service: string;
}

export interface Upload {
  file: string;
  content: string;
  permissions: string;
  owner?: string;
  group?: string;
}

export interface NetworkUse {
  name: string;
  aliases: string[];
  driverOpts?: string[];
  gwPriority?: number;
  ipv4Address?: string;
  ipv6Address?: string;
  linkLocalIps?: string[];
  macAddress?: string;
}

export interface VolumeUse {
  containerPath?: string;
  fromContainer?: string;
  hostPath?: string;
  volumeName?: string;
  readOnly?: boolean;
  selinuxRelabel?: string;
}

export interface MountUse {
  type: "bind" | "volume" | "tmpfs";
  target: string;
  source?: string;
  readOnly?: boolean;
  bindOptions?: { propagation?: string };
  volumeOptions?: { noCopy?: boolean; subpath?: string; labels?: { label: string; value: string }[] };
  tmpfsOptions?: { sizeBytes?: number; mode?: number };
}

/** Sizes are MiB, times seconds, unless the name says otherwise. */
export interface ContainerSettings {
  command?: string[];
  entrypoints?: string[];
  workingDir?: string;
  user?: string;
  hostname?: string;
  domainname?: string;
  tty?: boolean;
  stdinOpen?: boolean;
  init?: boolean;
  privileged?: boolean;
  readOnly?: boolean;
  restart?: string;
  maxRetryCount?: number;
  stopSignal?: string;
  stopTimeout?: number;
  destroyGraceSeconds?: number;
  ports?: { internal: number; external?: number; ip?: string; protocol?: string }[];
  hosts?: { host: string; ip: string }[];
  dns?: string[];
  dnsOpts?: string[];
  dnsSearches?: string[];
  capabilities?: { adds?: string[]; drops?: string[] };
  groupAdds?: string[];
  securityOpts?: string[];
  sysctls?: Record<string, string>;
  storageOpts?: Record<string, string>;
  tmpfs?: Record<string, string>;
  logDriver?: string;
  logOpts?: Record<string, string>;
  runtime?: string;
  usernsMode?: string;
  cgroupnsMode?: string;
  cgroupParent?: string;
  memory?: number;
  memoryReservation?: number;
  memorySwap?: number;
  shmSize?: number;
  cpus?: string;
  cpuShares?: number;
  cpuSet?: string;
  cpuPeriod?: number;
  cpuQuota?: number;
  ulimits?: { name: string; soft: number; hard: number }[];
  devices?: { hostPath: string; containerPath: string; permissions: string }[];
  deviceCgroupRules?: string[];
  deviceRequests?: DeviceRequest[];
  deviceReadBps?: DeviceRate[];
  deviceReadIops?: DeviceRate[];
  deviceWriteBps?: DeviceRate[];
  deviceWriteIops?: DeviceRate[];
  healthcheck?: HealthCheckSpec;
}

export interface DeviceRequest {
  driver: string;
  count?: number;
  deviceIds?: string[];
  capabilities: string[];
  options?: Record<string, string>;
}

/** Bytes or operations a second. */
export interface DeviceRate {
  path: string;
  rate: number;
}

/** Durations are text such as `1m30s`. */
export interface HealthCheckSpec {
  tests?: string[];
  interval?: string;
  timeout?: string;
  startPeriod?: string;
  startInterval?: string;
  retries?: number;
}

/** Something in the file, by its keys: `["services", "web", "ports", "0"]`. */
export type ModelPath = readonly string[];

/** What the file asks for and the stack does not do. */
export interface NotApplied {
  path: ModelPath;
  reason: string;
}

/** What cannot be run at all. */
export interface Refusal extends NotApplied {
  suggestion: string;
}
