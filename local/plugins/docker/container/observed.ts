import type { ContainerInspectInfo } from "dockerode";
import type { Properties, Value } from "../../engine/values.ts";
import { isOperationLabel } from "../operation.ts";
import type { Raw } from "../type.ts";
import { MEBIBYTE } from "./body.ts";
import { durationText } from "./duration.ts";
import { type DeviceRequest, gpusText } from "./gpus.ts";

/** What dockerode's types leave out. */
interface Inspected {
  Config: Raw;
  HostConfig: Raw;
  NetworkSettings: Raw | undefined;
  State: Raw;
  Platform: string;
}

/** The defaults of an image, which a container has without anybody having asked for them. */
export interface ImageDefaults {
  Env?: string[] | null;
  Labels?: Record<string, string> | null;
  Cmd?: string[] | null;
  Entrypoint?: string[] | null;
  User?: string;
  WorkingDir?: string;
}

/**
 * The properties of a container, as the engine tells them. Nothing that is empty is in it.
 * @param image its defaults are left out, as far as only a program would have asked for something else
 */
export function observedContainer(found: ContainerInspectInfo, image: ImageDefaults = {}): Properties {
  const {
    Config: config,
    HostConfig: host,
    NetworkSettings: network,
    State: state,
    Platform: platform,
  } = found as unknown as Inspected;
  const properties: Record<string, unknown> = {
    name: found.Name.replace(/^\//, ""),
    image: config.Image,
    hostname: config.Hostname,
    domainname: config.Domainname,
    user: config.User === image.User ? undefined : config.User,
    workingDir: config.WorkingDir === image.WorkingDir ? undefined : config.WorkingDir,
    envs: config.Env,
    command: config.Cmd,
    entrypoints: config.Entrypoint,
    tty: config.Tty,
    stdinOpen: config.OpenStdin,
    stopSignal: config.StopSignal,
    stopTimeout: config.StopTimeout,
    labels: labels(config.Labels),
    healthcheck: healthcheck(config.Healthcheck),
    platform,
    restart: host.RestartPolicy?.Name || "no",
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount || undefined,
    rm: host.AutoRemove,
    readOnly: host.ReadonlyRootfs,
    privileged: host.Privileged || undefined,
    publishAllPorts: host.PublishAllPorts || undefined,
    networkMode: host.NetworkMode === "default" ? "bridge" : host.NetworkMode,
    ports: ports(host.PortBindings, (network?.Ports ?? {}) as PortMap),
    hosts: (host.ExtraHosts as string[] | null)?.map(hostEntry),
    dns: host.Dns,
    dnsOpts: host.DnsOptions,
    dnsSearches: host.DnsSearch,
    capabilities: capabilities(host.CapAdd, host.CapDrop),
    securityOpts: host.SecurityOpt,
    sysctls: host.Sysctls,
    storageOpts: host.StorageOpt,
    logDriver: host.LogConfig?.Type,
    logOpts: host.LogConfig?.Config,
    init: host.Init ?? false,
    ipcMode: host.IpcMode,
    pidMode: host.PidMode,
    usernsMode: host.UsernsMode,
    cgroupParent: host.CgroupParent,
    groupAdds: host.GroupAdd,
    runtime: host.Runtime,
    shmSize: host.ShmSize ? Math.floor(host.ShmSize / MEBIBYTE) : undefined,
    tmpfs: host.Tmpfs,
    ulimits: host.Ulimits?.map((one: Record<string, Value>) => ({ name: one.Name, soft: one.Soft, hard: one.Hard })),
    devices: host.Devices?.map((one: Record<string, Value>) => ({
      hostPath: one.PathOnHost,
      containerPath: one.PathInContainer,
      permissions: one.CgroupPermissions,
    })),
    deviceCgroupRules: host.DeviceCgroupRules,
    gpus: gpusText(host.DeviceRequests as DeviceRequest[] | null),
    volumes: volumes(host.Binds, host.VolumesFrom),
    mounts: host.Mounts?.map(mount),
    networksAdvanced: networks(found),
    ...limits(host),
    bridge: network?.Bridge ?? "",
    networkDatas: networkDatas(found),
    exitCode: state.Running ? undefined : state.ExitCode,
  };
  return withoutEmpty(properties);
}

/** Limits that somebody may have changed with `docker update`. */
export function limits(host: Raw): Record<string, Value | undefined> {
  const mebibytes = (bytes: number) => (bytes > 0 ? bytes / MEBIBYTE : bytes || undefined);
  return {
    memory: mebibytes(host.Memory),
    memoryReservation: mebibytes(host.MemoryReservation),
    memorySwap: mebibytes(host.MemorySwap),
    cpuShares: host.CpuShares || undefined,
    cpuSet: host.CpusetCpus || undefined,
    cpuPeriod: host.CpuPeriod || undefined,
    cpuQuota: host.CpuQuota || undefined,
    cpus: host.NanoCpus ? String(host.NanoCpus / 1e9) : undefined,
  };
}

export function withoutEmpty(properties: Record<string, unknown>): Properties {
  const isEmpty = (value: unknown) =>
    value === undefined ||
    value === null ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => !isEmpty(value))) as Properties;
}

/** Without the label that only this plugin knows. */
export function labels(map: Record<string, string> | null | undefined): { label: string; value: string }[] {
  return Object.entries(map ?? {})
    .filter(([label]) => !isOperationLabel(label))
    .map(([label, value]) => ({ label, value }));
}

function healthcheck(given: Raw | undefined): Properties | undefined {
  if (!given) return undefined;
  return withoutEmpty({
    tests: given.Test,
    interval: durationText(given.Interval ?? 0),
    timeout: durationText(given.Timeout ?? 0),
    startPeriod: durationText(given.StartPeriod ?? 0),
    startInterval: durationText(given.StartInterval ?? 0),
    retries: given.Retries ?? 0,
  });
}

type PortMap = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** In the order of the declaration's ports; the number on the host is the one it has while it runs, else the one asked for. */
function ports(asked: PortMap | null, running: PortMap): Properties[] {
  return Object.entries(asked ?? {}).flatMap(([key, wanted]) => {
    const [internal = "", protocol = "tcp"] = key.split("/");
    return (wanted ?? []).map(({ HostIp, HostPort }, index) => {
      const external = Number(HostPort || running[key]?.[index]?.HostPort || 0);
      return { internal: Number(internal), ip: HostIp || "0.0.0.0", protocol, ...(external ? { external } : {}) };
    });
  });
}

function hostEntry(entry: string): Properties {
  const at = entry.indexOf(":");
  return { host: entry.slice(0, at), ip: entry.slice(at + 1) };
}

function capabilities(adds: string[] | null, drops: string[] | null): Properties | undefined {
  return adds?.length || drops?.length ? withoutEmpty({ adds, drops }) : undefined;
}

function volumes(binds: string[] | null, from: string[] | null): Properties[] {
  const bound = (binds ?? []).map((bind) => {
    const [source = "", containerPath = "", modes = ""] = bind.split(":");
    const place = source.startsWith("/") ? { hostPath: source } : { volumeName: source };
    const flags = modes.split(",");
    const selinuxRelabel = flags.find((flag) => /^z$/i.test(flag));
    return withoutEmpty({ ...place, containerPath, readOnly: flags.includes("ro") || undefined, selinuxRelabel });
  });
  const taken = (from ?? []).map((one) => {
    const [fromContainer = "", mode] = one.split(":");
    return withoutEmpty({ fromContainer, readOnly: mode === "ro" || undefined });
  });
  return [...bound, ...taken];
}

function mount(given: Raw): Properties {
  const { BindOptions: bind, VolumeOptions: volume, TmpfsOptions: tmpfs } = given;
  return withoutEmpty({
    type: given.Type,
    source: given.Source,
    target: given.Target,
    readOnly: given.ReadOnly || undefined,
    bindOptions: bind && withoutEmpty({ propagation: bind.Propagation }),
    volumeOptions:
      volume &&
      withoutEmpty({
        noCopy: volume.NoCopy,
        labels: labels(volume.Labels),
        driverName: volume.DriverConfig?.Name,
        driverOptions: volume.DriverConfig?.Options,
        subpath: volume.Subpath,
      }),
    tmpfsOptions: tmpfs && withoutEmpty({ sizeBytes: tmpfs.SizeBytes, mode: tmpfs.Mode }),
  });
}

/** Networks beside the engine's own; the aliases that the engine adds, the short id and the service names, are left out. */
function networks(found: ContainerInspectInfo): Properties[] {
  const own = new Set(["bridge", "host", "none"]);
  return Object.entries(found.NetworkSettings?.Networks ?? {})
    .filter(([name]) => !own.has(name))
    .map(([name, settings]) => {
      const given = settings as Raw;
      const aliases = (given.Aliases as string[] | null)?.filter((alias) => !found.Id.startsWith(alias));
      return withoutEmpty({
        name,
        aliases,
        ipv4Address: given.IPAMConfig?.IPv4Address,
        ipv6Address: given.IPAMConfig?.IPv6Address,
        linkLocalIps: given.IPAMConfig?.LinkLocalIPs,
      });
    });
}

function networkDatas(found: ContainerInspectInfo): Properties[] {
  return Object.entries(found.NetworkSettings?.Networks ?? {}).map(([networkName, settings]) => {
    const given = settings as Raw;
    return {
      networkName,
      ipAddress: given.IPAddress ?? "",
      ipPrefixLength: given.IPPrefixLen ?? 0,
      gateway: given.Gateway ?? "",
      globalIpv6Address: given.GlobalIPv6Address ?? "",
      globalIpv6PrefixLength: given.GlobalIPv6PrefixLen ?? 0,
      ipv6Gateway: given.IPv6Gateway ?? "",
      macAddress: given.MacAddress ?? "",
    };
  });
}
