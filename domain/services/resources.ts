import type { Service } from "../compose/model.ts";
import { defined, filled } from "./defined.ts";
import type { ContainerSettings, DeviceRequest } from "./spec.ts";

const MIB = 1024 ** 2;

/** Whole MiB, which is what the engine's plugin counts in: never less than asked for. -1 (no limit) stays. */
export function mebibytes(bytes: string | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  const count = Number(bytes);
  return count < 0 ? -1 : Math.ceil(count / MIB);
}

/** Limits and reservations: `deploy.resources` has the last word over the old keys of the service, as in Compose. */
export function resourceSettings(service: Service): ContainerSettings {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const cpus = limits?.cpus || service.cpus;
  return defined<ContainerSettings>({
    memory: mebibytes(limits?.memory ?? service.mem_limit),
    memoryReservation: mebibytes(reservations?.memory ?? service.mem_reservation),
    memorySwap: mebibytes(service.memswap_limit),
    shmSize: mebibytes(service.shm_size),
    cpus: cpus ? String(cpus) : undefined,
    cpuShares: service.cpu_shares || undefined,
    cpuSet: service.cpuset || undefined,
    cpuPeriod: service.cpu_period || undefined,
    cpuQuota: service.cpu_quota || undefined,
    cgroupParent: service.cgroup_parent || undefined,
    ulimits: filled(
      Object.entries(service.ulimits ?? {}).map(([name, limit]) =>
        typeof limit === "number" ? { name, soft: limit, hard: limit } : { name, ...limit },
      ),
    ),
    devices: filled(
      (service.devices ?? [])
        .filter((device) => !isCdi(device))
        .map(({ source = "", target, permissions }) => ({
          hostPath: source,
          containerPath: target ?? source,
          permissions: permissions ?? "rwm",
        })),
    ),
    deviceCgroupRules: filled(service.device_cgroup_rules),
    deviceRequests: filled(deviceRequests(service)),
    ...blkioSettings(service),
  });
}

/** A device of the Container Device Interface, `nvidia.com/gpu=0`, is asked for by its name. */
function isCdi({ source, target }: { source?: string; target?: string }): boolean {
  return source !== undefined && source === target && /^[a-z][\w.-]*\/[\w.-]+=[\w.:-]+$/i.test(source);
}

function deviceRequests(service: Service): DeviceRequest[] {
  const cdi = (service.devices ?? []).filter(isCdi).map(({ source = "" }) => source);
  const wanted = [
    ...(service.gpus ?? []).map((gpu) => ({ ...gpu, capabilities: [...(gpu.capabilities ?? []), "gpu"] })),
    ...(service.deploy?.resources?.reservations?.devices ?? []),
  ];
  return [
    ...(cdi.length > 0 ? [{ driver: "cdi", deviceIds: cdi, capabilities: [] }] : []),
    ...wanted.map(({ driver, count, device_ids, capabilities, options }) =>
      defined<DeviceRequest>({
        driver: driver ?? "",
        count,
        deviceIds: filled(device_ids),
        capabilities: capabilities ?? [],
        options: filled(options),
      }),
    ),
  ];
}

function blkioSettings({ blkio_config: blkio }: Service): ContainerSettings {
  const rates = (list: { path?: string; rate?: string }[] | undefined) =>
    filled((list ?? []).map(({ path = "", rate }) => ({ path, rate: Number(rate ?? 0) })));
  return defined<ContainerSettings>({
    deviceReadBps: rates(blkio?.device_read_bps),
    deviceReadIops: rates(blkio?.device_read_iops),
    deviceWriteBps: rates(blkio?.device_write_bps),
    deviceWriteIops: rates(blkio?.device_write_iops),
  });
}
