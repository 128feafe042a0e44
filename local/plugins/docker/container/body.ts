import type { ContainerCreateOptions, EndpointSettings, HostConfig, MountSettings } from "dockerode";
import type { Properties } from "../../engine/values.ts";
import { nanoseconds } from "./duration.ts";
import { gpuRequest } from "./gpus.ts";

/** The engine's API counts bytes, the inputs megabytes. */
export const MEBIBYTE = 1024 * 1024;

/** Inputs that have passed the check, with the types that it makes sure of. */
type Checked = Record<string, unknown>;

interface Label {
  label: string;
  value: string;
}
interface Port {
  internal: number;
  external?: number;
  ip?: string;
  protocol?: string;
}
interface VolumeUse {
  containerPath?: string;
  fromContainer?: string;
  hostPath?: string;
  readOnly?: boolean;
  selinuxRelabel?: string;
  volumeName?: string;
}
interface Mount {
  target: string;
  source?: string;
  type: "bind" | "volume" | "tmpfs";
  readOnly?: boolean;
  bindOptions?: { propagation?: string };
  volumeOptions?: {
    noCopy?: boolean;
    labels?: Label[];
    driverName?: string;
    driverOptions?: Record<string, string>;
    subpath?: string;
  };
  tmpfsOptions?: { sizeBytes?: number; mode?: number };
}
export interface NetworkUse {
  name: string;
  aliases?: string[];
  driverOpts?: string[];
  gwPriority?: number;
  ipv4Address?: string;
  ipv6Address?: string;
  linkLocalIps?: string[];
  macAddress?: string;
}

/**
 * The body of `POST /containers/create` for checked inputs; `labels` are added to those of the program.
 * @throws Error for a value that cannot be translated, such as a GPU request that is none
 */
export function createBody(inputs: Properties, labels: Record<string, string>): ContainerCreateOptions {
  const given: Checked = inputs;
  const body = {
    Image: given.image as string,
    Hostname: given.hostname,
    Domainname: given.domainname,
    User: given.user || undefined,
    WorkingDir: given.workingDir || undefined,
    Env: given.envs,
    Cmd: given.command,
    Entrypoint: given.entrypoints,
    Tty: given.tty,
    OpenStdin: given.stdinOpen,
    StopSignal: given.stopSignal,
    StopTimeout: given.stopTimeout,
    ExposedPorts: exposedPorts(given.ports),
    Volumes: anonymousVolumes(given.volumes),
    Labels: { ...labelMap(given.labels), ...labels },
    Healthcheck: given.healthcheck && healthcheck(given.healthcheck),
    HostConfig: hostConfig(given),
    NetworkingConfig: firstNetwork(given),
    platform: given.platform,
  };
  return definedOnly(body) as ContainerCreateOptions;
}

function hostConfig(given: Checked): HostConfig {
  const security = securityOptions(given.securityOpts);
  const config = {
    Binds: binds(given.volumes),
    VolumesFrom: fromContainers(given.volumes),
    Mounts: (given.mounts as Mount[] | undefined)?.map(mountSettings),
    Tmpfs: given.tmpfs,
    PortBindings: portBindings(given.ports),
    PublishAllPorts: given.publishAllPorts,
    NetworkMode: given.networkMode,
    ExtraHosts: (given.hosts as { host: string; ip: string }[] | undefined)?.map(({ host, ip }) => `${host}:${ip}`),
    Dns: given.dns,
    DnsOptions: given.dnsOpts,
    DnsSearch: given.dnsSearches,
    RestartPolicy: { Name: given.restart, MaximumRetryCount: given.maxRetryCount ?? 0 },
    AutoRemove: given.rm,
    Privileged: given.privileged,
    ReadonlyRootfs: given.readOnly,
    CapAdd: (given.capabilities as Properties | undefined)?.adds,
    CapDrop: (given.capabilities as Properties | undefined)?.drops,
    ...security,
    Sysctls: given.sysctls,
    StorageOpt: given.storageOpts,
    LogConfig: logConfig(given),
    Init: given.init,
    IpcMode: given.ipcMode,
    PidMode: given.pidMode,
    UsernsMode: given.usernsMode,
    CgroupnsMode: given.cgroupnsMode,
    CgroupParent: given.cgroupParent,
    GroupAdd: given.groupAdds,
    Runtime: given.runtime,
    ShmSize: given.shmSize === undefined ? undefined : Number(given.shmSize) * MEBIBYTE,
    Ulimits: (given.ulimits as { name: string; soft: number; hard: number }[] | undefined)?.map(
      ({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }),
    ),
    Devices: (given.devices as Record<string, string>[] | undefined)?.map((device) => ({
      PathOnHost: device.hostPath,
      PathInContainer: device.containerPath || device.hostPath,
      CgroupPermissions: device.permissions ?? "rwm",
    })),
    DeviceCgroupRules: given.deviceCgroupRules,
    DeviceRequests: deviceRequests(given),
    ...resources(given as Properties),
  };
  return definedOnly(config) as HostConfig;
}

/** What `POST /containers/{id}/update` changes too. */
export function resources(inputs: Properties): Record<string, unknown> {
  const given: Checked = inputs;
  const bytes = (value: unknown) =>
    value === undefined ? undefined : Number(value) > 0 ? Number(value) * MEBIBYTE : Number(value);
  const byProcessors = given.cpus !== undefined;
  return definedOnly({
    Memory: bytes(given.memory),
    MemoryReservation: bytes(given.memoryReservation),
    MemorySwap: bytes(given.memorySwap),
    CpuShares: given.cpuShares,
    CpusetCpus: given.cpuSet,
    NanoCpus: byProcessors ? Math.round(Number(given.cpus) * 1e9) : undefined,
    CpuPeriod: byProcessors ? undefined : given.cpuPeriod,
    CpuQuota: byProcessors ? undefined : given.cpuQuota,
    BlkioDeviceReadBps: rates(given.deviceReadBps),
    BlkioDeviceReadIOps: rates(given.deviceReadIops),
    BlkioDeviceWriteBps: rates(given.deviceWriteBps),
    BlkioDeviceWriteIOps: rates(given.deviceWriteIops),
  });
}

function rates(list: unknown) {
  return (list as { path: string; rate: number }[] | undefined)?.map(({ path, rate }) => ({ Path: path, Rate: rate }));
}

/** `systempaths=unconfined` is the client's word for paths that are not masked; the engine does not know it. */
function securityOptions(list: unknown): Record<string, unknown> {
  const given = list as string[] | undefined;
  if (!given) return {};
  const SecurityOpt = given.filter((option) => option !== "systempaths=unconfined");
  return SecurityOpt.length < given.length ? { SecurityOpt, MaskedPaths: [], ReadonlyPaths: [] } : { SecurityOpt };
}

function logConfig({ logDriver, logOpts }: Checked) {
  return logDriver || logOpts ? { Type: (logDriver ?? "") as string, Config: (logOpts ?? {}) as object } : undefined;
}

function deviceRequests({ gpus, deviceRequests: list }: Checked) {
  if (typeof gpus === "string") return [gpuRequest(gpus)];
  return (list as Properties[] | undefined)?.map((one) => ({
    Driver: one.driver ?? "cdi",
    Count: one.count ?? 0,
    DeviceIDs: one.deviceIds,
    Capabilities: one.capabilities ? [one.capabilities] : undefined,
    Options: one.options,
  }));
}

export function labelMap(labels: unknown): Record<string, string> {
  return Object.fromEntries(((labels ?? []) as Label[]).map(({ label, value }) => [label, value]));
}

function portKey({ internal, protocol }: Port): string {
  return `${internal}/${protocol ?? "tcp"}`;
}

function exposedPorts(ports: unknown): Record<string, object> | undefined {
  return (ports as Port[] | undefined) && Object.fromEntries((ports as Port[]).map((port) => [portKey(port), {}]));
}

function portBindings(ports: unknown): HostConfig["PortBindings"] | undefined {
  if (!ports) return undefined;
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports as Port[]) {
    const key = portKey(port);
    const HostPort = port.external ? String(port.external) : "";
    bindings[key] = [...(bindings[key] ?? []), { HostIp: port.ip || "0.0.0.0", HostPort }];
  }
  return bindings;
}

function anonymousVolumes(volumes: unknown): Record<string, object> | undefined {
  const named = ((volumes ?? []) as VolumeUse[]).filter((one) => one.containerPath && !one.hostPath && !one.volumeName);
  return named.length > 0 ? Object.fromEntries(named.map((one) => [one.containerPath, {}])) : undefined;
}

function binds(volumes: unknown): string[] | undefined {
  const list = ((volumes ?? []) as VolumeUse[]).filter((one) => one.containerPath && (one.hostPath || one.volumeName));
  if (list.length === 0) return undefined;
  return list.map((one) => {
    const modes = [one.readOnly ? "ro" : "rw", one.selinuxRelabel].filter(Boolean).join(",");
    return `${one.hostPath || one.volumeName}:${one.containerPath}:${modes}`;
  });
}

function fromContainers(volumes: unknown): string[] | undefined {
  const list = ((volumes ?? []) as VolumeUse[]).filter((one) => one.fromContainer);
  return list.length > 0
    ? list.map((one) => (one.readOnly ? `${one.fromContainer}:ro` : String(one.fromContainer)))
    : undefined;
}

function mountSettings(mount: Mount): MountSettings {
  const { bindOptions, volumeOptions: options, tmpfsOptions } = mount;
  const driver = options?.driverName || options?.driverOptions;
  return definedOnly({
    Type: mount.type,
    Target: mount.target,
    Source: mount.source ?? "",
    ReadOnly: mount.readOnly,
    BindOptions: bindOptions && { Propagation: bindOptions.propagation },
    VolumeOptions:
      options &&
      definedOnly({
        NoCopy: options.noCopy,
        Labels: options.labels && labelMap(options.labels),
        DriverConfig: driver ? { Name: options.driverName, Options: options.driverOptions } : undefined,
        Subpath: options.subpath,
      }),
    TmpfsOptions: tmpfsOptions && { SizeBytes: tmpfsOptions.sizeBytes, Mode: tmpfsOptions.mode },
  }) as unknown as MountSettings;
}

function healthcheck(given: unknown) {
  const { tests, interval, timeout, startPeriod, startInterval, retries } = given as Record<string, string> & {
    tests?: string[];
    retries?: number;
  };
  return definedOnly({
    Test: tests,
    Interval: nanoseconds(interval ?? "0s"),
    Timeout: nanoseconds(timeout ?? "0s"),
    StartPeriod: nanoseconds(startPeriod ?? "0s"),
    // An engine before API 1.44 refuses the field, so it is sent only where it says something.
    StartInterval: nanoseconds(startInterval ?? "0s") || undefined,
    Retries: retries ?? 0,
  });
}

/** A network that is named by `networkMode` too is joined as the container is made; the others, and all without it, afterwards. */
function firstNetwork(given: Checked): { EndpointsConfig: Record<string, EndpointSettings> } | undefined {
  const first = ((given.networksAdvanced ?? []) as NetworkUse[]).find((network) => network.name === given.networkMode);
  return first && { EndpointsConfig: { [first.name]: endpoint(first) } };
}

/** How a container joins a network. */
export function endpoint(network: NetworkUse): EndpointSettings {
  const { ipv4Address, ipv6Address, linkLocalIps } = network;
  const addresses = ipv4Address || ipv6Address || linkLocalIps;
  return definedOnly({
    Aliases: network.aliases,
    IPAMConfig: addresses
      ? definedOnly({ IPv4Address: ipv4Address, IPv6Address: ipv6Address, LinkLocalIPs: linkLocalIps })
      : undefined,
    MacAddress: network.macAddress,
    GwPriority: network.gwPriority,
    DriverOpts: network.driverOpts && Object.fromEntries(network.driverOpts.map((option) => keyAndValue(option))),
  }) as EndpointSettings;
}

function keyAndValue(option: string): [string, string] {
  const at = option.indexOf("=");
  return at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
}

function definedOnly(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
