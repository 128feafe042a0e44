/** One request that was answered, or cut. Status 0: the connection was cut before an answer. */
export interface LoggedRequest {
  id: number;
  /** The machine's time, ISO. */
  at: string;
  method: string;
  /** With the query. */
  path: string;
  status: number;
}

const CAPACITY = 10_000;

/** The last requests, in memory only. Ids grow from one start to the next, so that "after" holds across a restart. */
export class RequestLog {
  readonly #entries: (Omit<LoggedRequest, "at"> & { at: number })[] = [];
  #next = Date.now() * 1000;

  add(method: string, path: string, status: number): void {
    this.#entries.push({ id: this.#next++, at: Date.now(), method, path, status });
    if (this.#entries.length > 2 * CAPACITY) this.#entries.splice(0, CAPACITY);
  }

  after(id: number): LoggedRequest[] {
    return this.#entries
      .filter((entry) => entry.id > id)
      .slice(-CAPACITY)
      .map(({ at, ...entry }) => ({ ...entry, at: new Date(at).toISOString() }));
  }
}
