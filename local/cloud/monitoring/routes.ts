import type { DropletMetrics } from "../backend.ts";
import type { CloudState } from "../cloud.ts";
import type { Droplet } from "../objects.ts";
import { ApiError, type Call, type Route } from "../wire.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
/** Seconds between two points, and how many an answer has at most. */
const STEP = 120;
const MAXIMUM_POINTS = 720;

type Series = { metric: Record<string, string>; at: (seconds: number) => number };

/** The metrics that DigitalOcean has for droplets, from one reading of the machine; there is none for GPUs, there as here. */
const METRICS: Record<string, (reading: DropletMetrics, vcpus: number, call: Call) => Series[]> = {
  cpu: ({ cpuPercent }, vcpus) => [
    { metric: { mode: "user" }, at: (seconds) => (seconds * vcpus * cpuPercent) / 100 },
    { metric: { mode: "idle" }, at: (seconds) => (seconds * vcpus * (100 - cpuPercent)) / 100 },
    ...["iowait", "irq", "nice", "softirq", "steal", "system"].map((mode) => ({ metric: { mode }, at: () => 0 })),
  ],
  load_1: ({ load1 }) => steady(load1),
  load_5: ({ load1 }) => steady(load1),
  load_15: ({ load1 }) => steady(load1),
  memory_total: ({ memoryTotalMiB }) => steady(memoryTotalMiB * MIB),
  memory_free: ({ memoryTotalMiB, memoryUsedMiB }) => steady((memoryTotalMiB - memoryUsedMiB) * MIB),
  memory_available: ({ memoryTotalMiB, memoryUsedMiB }) => steady((memoryTotalMiB - memoryUsedMiB) * MIB),
  memory_cached: () => steady(0),
  filesystem_size: ({ diskTotalGiB }) => steady(diskTotalGiB * GIB, ROOT),
  filesystem_free: ({ diskTotalGiB, diskUsedGiB }) => steady((diskTotalGiB - diskUsedGiB) * GIB, ROOT),
  bandwidth: bandwidth,
};

const ROOT = { device: "/dev/vda1", fstype: "ext4", mountpoint: "/" };

/** `/v2/monitoring/metrics/droplet/...`, answered as Prometheus does. The past is not kept: every point is the reading of now. */
export function monitoringRoutes(cloud: CloudState): Route[] {
  return Object.entries(METRICS).map(([name, series]) => ({
    method: "GET",
    path: `/v2/monitoring/metrics/droplet/${name}`,
    status: 200,
    prepare: async (call) => {
      const droplet = existing(cloud, call);
      return droplet && cloud.backend.metrics(droplet.id);
    },
    handle: (call, reading?: unknown) => {
      const droplet = existing(cloud, call);
      const size = droplet && cloud.catalog.sizes.get(droplet.size);
      const found = reading && droplet ? series(reading as DropletMetrics, size?.vcpus ?? 1, call) : [];
      const result = found.map(({ metric, at }) => ({
        metric: { ...metric, host_id: String(droplet?.id) },
        values: times(cloud, call, droplet).map(({ time, age }) => [time, String(at(age))]),
      }));
      return { status: "success", data: { resultType: "matrix", result } };
    },
  }));
}

function steady(value: number, metric: Record<string, string> = {}): Series[] {
  return [{ metric, at: () => value }];
}

/** Mbit/s, the mean over the machine's life; everything counts as public. */
function bandwidth(reading: DropletMetrics, _vcpus: number, { query }: Call): Series[] {
  const direction = query["direction"] === "outbound" ? "outbound" : "inbound";
  const bytes = direction === "outbound" ? reading.netTxBytes : reading.netRxBytes;
  const metric = { direction, interface: query["interface"] ?? "public" };
  const at = (age: number) => (query["interface"] === "private" || age === 0 ? 0 : (bytes * 8) / 1e6 / age);
  return [{ metric, at }];
}

/** The times asked for, none before the droplet and none after now; `age` is the droplet's, in seconds. */
function times({ clock }: CloudState, { query }: Call, droplet: Droplet | undefined): { time: number; age: number }[] {
  const born = Math.floor(Date.parse(droplet?.createdAt ?? "") / 1000);
  const start = Math.max(seconds(query["start"], "start"), born);
  const end = Math.min(seconds(query["end"], "end"), Math.floor(clock.now() / 1000));
  const found: { time: number; age: number }[] = [];
  for (let time = start; time <= end && found.length < MAXIMUM_POINTS; time += STEP)
    found.push({ time, age: time - born });
  return found;
}

function seconds(text: string | undefined, name: string): number {
  const value = Number(text);
  if (!text || Number.isNaN(value)) throw new ApiError(400, `${name} must be a time in seconds since 1970`);
  return value;
}

function existing({ store }: CloudState, { query }: Call): Droplet | undefined {
  if (!query["host_id"]) throw new ApiError(400, "host_id is required");
  return store.droplets.get(query["host_id"]);
}
