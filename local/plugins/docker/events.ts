import { createInterface } from "node:readline";
import type Docker from "dockerode";
import { pause } from "../engine/wait.ts";

/** Events after which a look at a container finds something else than before. */
const EVENTS = ["health_status", "die", "destroy"];

/** Milliseconds between looks while the engine tells of changes: only in case that one gets lost. */
const SPARE_POLL_MS = 1_000;

/** What waits for news of one container. */
export interface Watch {
  /** Resolves at the next news, those since the last call too, else after the time; rejects with the signal's reason. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

interface Watcher {
  id: string;
  news: boolean;
  wake?: () => void;
}

/**
 * News of containers as the engine tells them, over one connection for all that wait. Without the connection the waits are as long as they
 * are asked to be.
 */
export class ContainerEvents {
  readonly #docker: Docker;
  readonly #watchers = new Set<Watcher>();
  #stream: NodeJS.ReadableStream | undefined;
  #opening = false;

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** @param id whole, as the engine tells it */
  watch(id: string): Watch {
    const watcher: Watcher = { id, news: false };
    this.#watchers.add(watcher);
    void this.#open();
    return {
      pause: (milliseconds, signal) => this.#pause(watcher, milliseconds, signal),
      close: () => {
        this.#watchers.delete(watcher);
        if (this.#watchers.size === 0) this.#close();
      },
    };
  }

  async #pause(watcher: Watcher, milliseconds: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    watcher.wake = () => woken.abort();
    if (watcher.news) woken.abort();
    const wait = this.#stream ? Math.max(milliseconds, SPARE_POLL_MS) : milliseconds;
    await pause(wait, AbortSignal.any([signal, woken.signal])).catch(() => signal.throwIfAborted());
    watcher.news = false;
  }

  async #open(): Promise<void> {
    if (this.#stream || this.#opening) return;
    this.#opening = true;
    const filters = { type: ["container" as const], event: EVENTS };
    const stream = await this.#docker.getEvents({ filters }).catch(() => undefined);
    this.#opening = false;
    if (!stream) return;
    this.#stream = stream;
    const lost = () => {
      if (this.#stream === stream) this.#stream = undefined;
    };
    stream.on("error", lost).on("close", lost).on("end", lost);
    // It passes on what goes wrong with the stream.
    createInterface({ input: stream })
      .on("line", (line) => this.#tell(line))
      .on("error", lost);
    // What came before the connection was there was not told.
    for (const watcher of this.#watchers) wake(watcher);
    if (this.#watchers.size === 0) this.#close();
  }

  #tell(line: string): void {
    const { id } = JSON.parse(line) as { id?: string };
    for (const watcher of this.#watchers) if (watcher.id === id) wake(watcher);
  }

  #close(): void {
    (this.#stream as { destroy?: () => void } | undefined)?.destroy?.();
    this.#stream = undefined;
  }
}

function wake(watcher: Watcher): void {
  watcher.news = true;
  watcher.wake?.();
}
