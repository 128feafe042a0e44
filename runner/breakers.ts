import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BreakerStatus, type Breakers, breakers } from "../clients/resilience/index.ts";
import { UserError } from "../domain/errors.ts";
import type { CircuitBreakerResult } from "../domain/health/result.ts";
import { isAlive } from "./locks.ts";
import { checkMetricsFile } from "./metrics-file.ts";
import { writeWhole } from "./whole-file.ts";

export interface PublishOptions {
  /** Kept up to date in Prometheus's text format, for node_exporter's textfile collector. */
  metricsFile?: string | undefined;
  /** Written into the same file behind the breakers' metrics. */
  moreMetrics?: () => Promise<string>;
  /** @default those of this process */
  registry?: Breakers;
}

/** Milliseconds between two looks for a wish to reset, while a circuit is not closed. */
const RESET_POLL_MS = 500;

/**
 * Shows this process's breakers to others, in a file of the state folder, and resets them where others ask for it. `update` writes anew;
 * changes of state do so by themselves. `end` takes the file away, and leaves the metrics. Throws `UsageError` for a metrics file that cannot be written.
 */
export function publishBreakers(home: string, options: PublishOptions = {}) {
  const { registry = breakers, metricsFile, moreMetrics } = options;
  if (metricsFile !== undefined) checkMetricsFile(metricsFile);
  const own = join(folderOf(home), `${process.pid}.json`);
  const begun = Date.now();
  let poll: NodeJS.Timeout | undefined;

  const update = async () => {
    const list = registry.list();
    writeWhole(own, JSON.stringify(list));
    const closed = list.every(({ state }) => state === "closed");
    if (closed) clearInterval(poll);
    poll = closed ? undefined : (poll ?? setInterval(obey, RESET_POLL_MS).unref());
    if (metricsFile === undefined) return;
    const { breakerMetrics } = await import("../clients/resilience/metrics.ts");
    writeWhole(metricsFile, (await breakerMetrics(list)) + ((await moreMetrics?.()) ?? ""));
  };
  const obey = () => {
    for (const { service, destination, openedAt = 0 } of registry.list()) {
      const wished = wishes(home).find(({ name }) => name === `${service} ${destination}`);
      if (openedAt > 0 && wished && wished.at >= Math.max(begun, openedAt)) registry.reset(wished.name);
    }
  };
  let written = Promise.resolve();
  // A disk that is full must not keep the watcher from its work: the next change writes again.
  const quietly = () => {
    written = written.then(update).catch(() => undefined);
  };
  const unsubscribe = registry.onChange(quietly);
  return {
    update: quietly,
    end: async () => {
      unsubscribe();
      await written;
      clearInterval(poll);
      rmSync(own, { force: true });
    },
  };
}

/** Breakers of every process of this state folder that shows them, and of this one; those of processes that are gone are forgotten. */
export function readBreakers(home: string, registry: Breakers = breakers): CircuitBreakerResult[] {
  const found = registry.list().map((status) => resultOf(status, process.pid));
  for (const name of listed(folderOf(home))) {
    // A process that is killed while it writes leaves what it was writing beside its file.
    const [, digits, half] = /^(\d+)\.json(\.\d+\.next)?$/.exec(name) ?? [];
    const pid = Number(digits);
    if (!pid || pid === process.pid) continue;
    const file = join(folderOf(home), name);
    if (!isAlive(pid)) rmSync(file, { force: true });
    else if (!half) found.push(...parse<BreakerStatus>(file).map((status) => resultOf(status, pid)));
  }
  return found;
}

/** Asks the processes that show their breakers to close one by hand. Throws `NotFound` where none of them has such a breaker. */
export function requestReset(home: string, name: string): CircuitBreakerResult[] {
  const all = readBreakers(home);
  const nameOf = (one: CircuitBreakerResult) => `${one.service} ${one.destination}`;
  const meant = all.filter((one) => [one.service, one.destination, nameOf(one)].includes(name));
  if (meant.length === 0) {
    const names = [...new Set(all.map(nameOf))].join(", ");
    throw new UserError("NotFound", {
      reason: `there is no circuit breaker ${name}`,
      suggestion: names ? `there are: ${names}` : "no windlass watch runs here: its breakers are the ones that last",
    });
  }
  const at = Date.now();
  const names = [...new Set(meant.map(nameOf))];
  const kept = wishes(home).filter((wish) => !names.includes(wish.name));
  writeWhole(wishFile(home), JSON.stringify([...kept, ...names.map((one) => ({ name: one, at }))]));
  return meant;
}

function resultOf(status: BreakerStatus, pid: number): CircuitBreakerResult {
  const { service, destination, failures, openedAt, probeAt, lastFailure, counts } = status;
  const iso = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  // A circuit that was open when it was written may be due for its probe by now.
  const state = probeAt === undefined ? "closed" : Date.now() < probeAt ? "open" : "half-open";
  return {
    ...{ service, destination, state, failures, opened_at: iso(openedAt), probe_at: iso(probeAt) },
    ...{ last_failure: lastFailure ?? null, counts, pid },
  };
}

function folderOf(home: string): string {
  return join(home, "breakers");
}

function wishFile(home: string): string {
  return join(folderOf(home), "reset.json");
}

function wishes(home: string): { name: string; at: number }[] {
  return parse(wishFile(home));
}

function parse<T>(file: string): T[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T[];
  } catch {
    return [];
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
