import type Docker from "dockerode";
import type { DropletMetrics } from "../../backend.ts";
import { exec, inspect, unless } from "./engine.ts";
import { label, type Names } from "./names.ts";

interface Sample {
  /** Milliseconds of CPU used since the machine started. */
  cpu: number;
  /** Milliseconds since the epoch. */
  at: number;
  memoryMiB: number;
  received: number;
  sent: number;
}

/** Shortest time over which the use of CPU is measured, in milliseconds. */
const shortestInterval = 100;

/** Metrics of droplets, from their own cgroups and the engine's accounting of disks. */
export class Readings {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #last = new Map<number, Sample>();

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /**
   * A reading since the one before (at first over 0.1 s); null where the droplet is off or gone. `load1` is the number of
   * CPUs busy in that time: a container has no load average of its own. Disk and memory totals are the size's, not the host's.
   */
  async take(dropletId: number): Promise<DropletMetrics | null> {
    const there = await inspect(this.#docker, this.#names.droplet(dropletId));
    if (!there?.State.Running) {
      this.#last.delete(dropletId);
      return null;
    }
    const before = this.#last.get(dropletId) ?? (await this.#sample(dropletId));
    if (!before) return null;
    const early = shortestInterval - (Date.now() - before.at);
    if (early > 0) await new Promise((done) => setTimeout(done, early));
    const now = await this.#sample(dropletId);
    if (!now) return null;
    this.#last.set(dropletId, now);
    const busy = Math.max(0, now.cpu - before.cpu) / (now.at - before.at);
    const size = (name: string) => Number(there.Config.Labels[name] ?? 0);
    return {
      cpuPercent: Math.min(100, (100 * busy) / Math.max(1, size(label.cpus))),
      memoryUsedMiB: now.memoryMiB,
      memoryTotalMiB: size(label.memory),
      diskUsedGiB: await this.#diskUsed(dropletId),
      diskTotalGiB: size(label.disk),
      load1: busy,
      netRxBytes: now.received,
      netTxBytes: now.sent,
    };
  }

  /** Undefined where the machine went off in between. */
  async #sample(dropletId: number): Promise<Sample | undefined> {
    const command = ["/usr/local/lib/windlass/readings"];
    const line = await unless([404, 409], exec(this.#docker, this.#names.droplet(dropletId), command));
    if (line === undefined) return undefined;
    const [cpu = 0, memory = 0, received = 0, sent = 0] = line.trim().split(" ").map(Number);
    return { cpu: cpu / 1e6, at: Date.now(), memoryMiB: memory / 1024 ** 2, received, sent };
  }

  async #diskUsed(dropletId: number): Promise<number> {
    const container = this.#docker.getContainer(this.#names.droplet(dropletId));
    const sized = await unless([404], container.inspect({ size: true } as object));
    return ((sized as { SizeRootFs?: number } | undefined)?.SizeRootFs ?? 0) / 1024 ** 3;
  }
}
