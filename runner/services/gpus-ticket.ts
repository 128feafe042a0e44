import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { asking, type EngineAddress } from "../../clients/docker/engine.ts";
import {
  type GpuQueue,
  lockOwner,
  lockVolume,
  QUEUE_LABELS,
  type QueueVolume,
  readQueue,
  TICKET_LIFE_MS,
  ticketId,
  ticketVolume,
} from "../../domain/services/gpus-queue.ts";

/** Milliseconds between two renewals. */
const RENEW_MS = TICKET_LIFE_MS / 4;

/** A place in the queue for the GPUs of a Docker host, kept alive until `leave`. */
export class GpuTicket {
  readonly id: string;
  readonly #docker: Docker;
  readonly #address: EngineAddress;
  readonly #project: string;
  readonly #now: () => number;
  #timer: NodeJS.Timeout;
  #left = false;
  readonly #locks = new Set<string>();
  #volume = "";
  #round = 0;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(docker: Docker, address: EngineAddress, project: string, now: () => number) {
    this.#docker = docker;
    this.#address = address;
    this.#project = project;
    this.#now = now;
    this.id = ticketId(now(), randomBytes(4).toString("hex"));
    this.#timer = setTimeout(() => this.#keep(), RENEW_MS).unref();
  }

  /** Stands in line, at the end. Throws `CommandFailed` where the engine does not answer. */
  static async draw(docker: Docker, address: EngineAddress, project: string): Promise<GpuTicket> {
    const { SystemTime } = (await asking(address, "ask the engine for its time", () => docker.info())) as {
      SystemTime: string;
    };
    const offset = Date.parse(SystemTime) - performance.now();
    const ticket = new GpuTicket(docker, address, project, () => performance.now() + offset);
    await ticket.#renew();
    return ticket;
  }

  /** The queue as it is now; what runners that are gone have left in it is removed. */
  async look(): Promise<GpuQueue> {
    const volumes: QueueVolume[] = [];
    // Locks before tickets: whose lock is seen has drawn a ticket before.
    for (const label of QUEUE_LABELS) {
      const filters = { filters: { label: [label] } } as object;
      const { Volumes } = await asking(this.#address, "list volumes", () => this.#docker.listVolumes(filters));
      volumes.push(...(Volumes ?? []).map(volumeOf));
    }
    const queue = readQueue(volumes, this.#now());
    await Promise.all(queue.stale.filter((name) => name !== this.#volume).map((name) => this.#remove(name)));
    return queue;
  }

  /** Locks these GPUs, all or none; false where somebody else was quicker. */
  async lock(uuids: readonly string[]): Promise<boolean> {
    for (const uuid of uuids) {
      const made = await this.#create(lockVolume(uuid, this.id));
      if (lockOwner(made) !== this.id) {
        await this.unlock();
        return false;
      }
      this.#locks.add(made.name);
    }
    return true;
  }

  /** Gives up place and locks. What cannot be removed ends by itself. */
  async leave(): Promise<void> {
    this.#left = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    await Promise.all([this.unlock(), this.#remove(this.#volume)]);
  }

  async unlock(): Promise<void> {
    await Promise.all([...this.#locks].map((name) => this.#remove(name)));
    this.#locks.clear();
  }

  /** One renewal after the other; what fails once is tried again before the ticket ends. */
  #keep(): void {
    this.#renewing = this.#renew()
      .catch(() => {})
      .then(() => {
        if (!this.#left) this.#timer = setTimeout(() => this.#keep(), RENEW_MS).unref();
      });
  }

  async #renew(): Promise<void> {
    const before = this.#volume;
    const { name } = await this.#create(ticketVolume(this.id, this.#project, this.#now(), this.#round++));
    this.#volume = name;
    if (before) await this.#remove(before);
  }

  /** The volume of this name as it stands: with the labels of whoever has made it. */
  async #create({ name, labels }: QueueVolume): Promise<QueueVolume> {
    const body = { Name: name, Labels: { ...labels } };
    return asking(this.#address, "queue for GPUs", async () => {
      const made = await this.#docker.createVolume(body);
      return volumeOf(await made.inspect());
    });
  }

  async #remove(name: string): Promise<void> {
    await this.#docker
      .getVolume(name)
      .remove()
      .catch(() => {});
  }
}

function volumeOf({ Name, Labels }: { Name: string; Labels: Record<string, string> | null }): QueueVolume {
  return { name: Name, labels: Labels ?? {} };
}
