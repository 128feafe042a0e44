import type ssh2 from "ssh2";
import type { Destination } from "./errors.ts";

/** What commands and transfers need of a connection. */
export interface Channel {
  client: ssh2.Client;
  to: Destination;
  /** Rejects when the connection breaks. */
  dead: Promise<never>;
  loss: Loss;
}

/**
 * The end of a connection, for work that is done on it many times: a race with `dead` would hold every outcome for as long as the connection lives.
 */
export class Loss {
  readonly #waiting = new Set<(error: Error) => void>();
  #error?: Error;

  report(error: Error): void {
    this.#error ??= error;
    for (const reject of this.#waiting) reject(this.#error);
    this.#waiting.clear();
  }

  /** The outcome of the work, or the loss of the connection, whichever comes first. */
  during<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error) reject(this.#error);
      else this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}

/** A connection with its limit of channels. */
export interface Transport extends Channel {
  channels: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Runs at most that many tasks at once, the others in order of their coming. */
export function limited(most: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
