import type ssh2 from "ssh2";
import type { Destination } from "./errors.ts";

/** What commands and transfers need of a connection. */
export interface Channel {
  client: ssh2.Client;
  to: Destination;
  /** Rejects when the connection breaks. */
  dead: Promise<never>;
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
