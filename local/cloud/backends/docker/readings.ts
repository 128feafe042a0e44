import type Docker from "dockerode";
import type { DropletMetrics } from "../../backend.ts";
import { inspect, unless } from "./engine.ts";
import { label, type Names } from "./names.ts";

interface Sample {
  /** Nanoseconds of CPU used so far. */
  cpu: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A reading that has no earlier one to compare with takes two, this many milliseconds apart. */
const firstInterval = 200;
/** Readings closer together than this are taken over the time since an older one. */
const shortestInterval = 100;

/** Metrics of droplets, from the engine's own accounting. */
export class Readings {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #last = new Map<number, Sample>();

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /**
   * A reading since the one before (at first over 0.2 s); null where the droplet is off or gone. `load1` is the number of
   * CPUs busy in that time: a container has no load average of its own. Disk and memory totals are the size's, not the host's.
   */
  async take(dropletId: number): Promise<DropletMetrics | null> {
    const there = await inspect(this.#docker, this.#names.droplet(dropletId));
    if (!there?.State.Running) return null;
    const before = this.#last.get(dropletId) ?? (await this.#sample(dropletId));
    if (!before) return null;
    const pause = Date.now() - before.at < shortestInterval ? firstInterval : 0;
    if (pause) await new Promise((done) => setTimeout(done, pause));
    const stats = await this.#stats(dropletId);
    if (!stats) return null;
    const now = sampleOf(stats);
    this.#last.set(dropletId, now);
    const busy = Math.max(0, now.cpu - before.cpu) / 1e6 / Math.max(1, now.at - before.at);
    const size = (name: string) => Number(there.Config.Labels[name] ?? 0);
    const networks = Object.values(stats.networks ?? {});
    return {
      cpuPercent: Math.min(100, (100 * busy) / Math.max(1, size(label.cpus))),
      memoryUsedMiB: (stats.memory_stats.usage - (stats.memory_stats.stats?.total_inactive_file ?? 0)) / 1024 ** 2,
      memoryTotalMiB: size(label.memory),
      diskUsedGiB: await this.#diskUsed(dropletId),
      diskTotalGiB: size(label.disk),
      load1: busy,
      netRxBytes: networks.reduce((sum, network) => sum + network.rx_bytes, 0),
      netTxBytes: networks.reduce((sum, network) => sum + network.tx_bytes, 0),
    };
  }

  async #sample(dropletId: number): Promise<Sample | undefined> {
    const stats = await this.#stats(dropletId);
    return stats && sampleOf(stats);
  }

  #stats(dropletId: number): Promise<Docker.ContainerStats | undefined> {
    const options = { stream: false as const, "one-shot": true };
    return unless([404, 409], this.#docker.getContainer(this.#names.droplet(dropletId)).stats(options));
  }

  async #diskUsed(dropletId: number): Promise<number> {
    const container = this.#docker.getContainer(this.#names.droplet(dropletId));
    const sized = (await container.inspect({ size: true } as object)) as { SizeRootFs?: number };
    return (sized.SizeRootFs ?? 0) / 1024 ** 3;
  }
}

function sampleOf(stats: Docker.ContainerStats): Sample {
  return { cpu: stats.cpu_stats.cpu_usage.total_usage, at: Date.parse(stats.read) };
}
