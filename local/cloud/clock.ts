import type { Store } from "./store.ts";

/** `real` is the machine's; `scaled` runs `scale` times as fast; `driven` stands still until it is told to move. */
export interface ClockSettings {
  mode: "real" | "scaled" | "driven";
  scale?: number;
  /** Where it starts: ISO 8601, or milliseconds since 1970. Default: the machine's time. */
  now?: string | number;
}

interface ClockState {
  mode: ClockSettings["mode"];
  scale: number;
  /** The machine's time and the cloud's time at one moment. */
  machine: number;
  cloud: number;
}

/** The cloud's time, in milliseconds. Kept in the store, so that it goes on where it was after a kill; a driven one has not moved. */
export class Clock {
  readonly #store: Store;
  readonly #start: ClockSettings;
  #state: ClockState;

  /** `settings` given at a start win over what the store remembers of an earlier one; a driven clock never goes back by it. */
  constructor(store: Store, settings: ClockSettings | undefined) {
    this.#store = store;
    const kept = store.meta<ClockState>("clock");
    this.#start = settings ?? { mode: kept?.mode ?? "real" };
    const changed = settings !== undefined && (kept?.mode !== settings.mode || kept.scale !== (settings.scale ?? 1));
    this.#state = kept && !changed ? kept : this.#initial();
    this.#save();
  }

  get mode(): ClockSettings["mode"] {
    return this.#state.mode;
  }

  get scale(): number {
    return this.#state.scale;
  }

  now(): number {
    const { mode, scale, machine, cloud } = this.#state;
    if (mode === "real") return Date.now();
    return mode === "driven" ? cloud : cloud + (Date.now() - machine) * scale;
  }

  /** Machine milliseconds until the cloud's time is `time`; Infinity on a driven clock. */
  until(time: number): number {
    if (this.#state.mode === "driven") return time <= this.#state.cloud ? 0 : Number.POSITIVE_INFINITY;
    return Math.max(0, (time - this.now()) / this.#state.scale);
  }

  /** Moves a driven clock forwards; it never goes back. */
  moveTo(time: number): void {
    this.#state = { ...this.#state, cloud: Math.max(this.#state.cloud, time) };
    this.#save();
  }

  set(settings: ClockSettings): void {
    const cloud = settings.now === undefined ? this.now() : toMilliseconds(settings.now);
    this.#state = { mode: settings.mode, scale: settings.scale ?? 1, machine: Date.now(), cloud };
    this.#save();
  }

  /** Back to what it was when this process started. */
  reset(): void {
    this.#state = this.#initial();
    this.#save();
  }

  #initial(): ClockState {
    const { mode, scale = 1, now = Date.now() } = this.#start;
    return { mode, scale, machine: Date.now(), cloud: toMilliseconds(now) };
  }

  #save(): void {
    this.#store.setMeta("clock", this.#state);
  }
}

/** DigitalOcean's form of a time: UTC, to the second. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

function toMilliseconds(time: string | number): number {
  return typeof time === "number" ? time : Date.parse(time);
}
