import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Alert, AlertNews, AlertState } from "../../domain/health/alert.ts";
import type { HealthMetrics, HealthResult } from "../../domain/health/result.ts";

/** A result as it is kept. */
export interface PastResult {
  /** ISO 8601, UTC. */
  at: string;
  service: string;
  status: HealthResult["status"];
  response_time_ms: number;
  failed: string[];
  reason: string | null;
  /** Those that could be read. */
  metrics: Partial<HealthMetrics>;
}

/** What people were told. */
export interface PastAlert extends Omit<Alert, "phase"> {
  at: string;
  news: AlertNews;
}

export interface HistoryQuery {
  /** Milliseconds since 1970. */
  since: number;
  /** Names of services. @default all */
  services?: readonly string[];
  /** Only results whose status differs from the one before. */
  changes?: boolean;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS results (at INTEGER NOT NULL, service TEXT NOT NULL, status TEXT NOT NULL, response_time_ms INTEGER NOT NULL,
    failed TEXT NOT NULL, reason TEXT, metrics TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS results_at ON results (at);
  CREATE TABLE IF NOT EXISTS alert_states (rule TEXT NOT NULL, service TEXT NOT NULL, seen INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (rule, service));
  CREATE TABLE IF NOT EXISTS alerts (at INTEGER NOT NULL, rule TEXT NOT NULL, service TEXT NOT NULL, news TEXT NOT NULL, severity TEXT NOT NULL,
    since INTEGER NOT NULL, reason TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS alerts_at ON alerts (at)`;

/** Milliseconds that a process waits for another one that writes. */
const BUSY_MS = 5000;

/** Milliseconds after which the state of an alert that nobody looks at any more is forgotten. */
const FORGET_MS = 7 * 24 * 3_600_000;

/**
 * Results of checks and alerts of this machine, in `health/history.db` of the state folder: SQLite, which any number of processes may use at once and
 * none leaves half written. Times are milliseconds since 1970.
 */
export class HealthHistory {
  readonly #db: DatabaseSync;

  constructor(home: string) {
    const folder = join(home, "health");
    mkdirSync(folder, { recursive: true });
    this.#db = new DatabaseSync(join(folder, "history.db"), { timeout: BUSY_MS });
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${TABLES}`);
  }

  /** Keeps results, and forgets what is older than `keepMs`. */
  add(results: readonly HealthResult[], keepMs: number, now: number): void {
    const insert = this.#db.prepare("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.transaction(() => {
      for (const { service, status, response_time_ms, checks, reason, metrics, last_checked } of results) {
        const failed = Object.entries(checks).flatMap(([name, ok]) => (ok ? [] : [name]));
        const known = Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null));
        const row = [
          Date.parse(last_checked),
          service,
          status,
          response_time_ms,
          JSON.stringify(failed),
          reason ?? null,
        ];
        insert.run(...row, JSON.stringify(known));
      }
      for (const table of ["results", "alerts"])
        this.#db.prepare(`DELETE FROM ${table} WHERE at < ?`).run(now - keepMs);
      this.#db.prepare("DELETE FROM alert_states WHERE seen < ?").run(now - FORGET_MS);
    });
  }

  /** By time, the oldest first. */
  results({ since, services, changes = false }: HistoryQuery): PastResult[] {
    const rows = this.#db
      .prepare(
        `SELECT * FROM (SELECT *, lag(status) OVER (PARTITION BY service ORDER BY at, rowid) AS before FROM results WHERE at >= ?)
         WHERE ${named(services)} ${changes ? "AND before IS NOT status" : ""} ORDER BY at, service`,
      )
      .all(since, ...(services ?? [])) as unknown as (Omit<PastResult, "at"> & {
      at: number;
      failed: string;
      metrics: string;
    })[];
    return rows.map(({ at, service, status, response_time_ms, failed, reason, metrics }) => ({
      ...{ at: iso(at), service, status, response_time_ms, failed: JSON.parse(failed), reason },
      metrics: JSON.parse(metrics),
    }));
  }

  /** Share of each service's results that were not unhealthy, in percent, and how many there are. */
  availability({
    since,
    services,
  }: HistoryQuery): { service: string; checks: number; percent: number; worst_ms: number }[] {
    return this.#db
      .prepare(
        `SELECT service, count(*) AS checks, round(100.0 * sum(status <> 'unhealthy') / count(*), 2) AS percent,
           max(response_time_ms) AS worst_ms FROM results WHERE at >= ? AND ${named(services)} GROUP BY service ORDER BY service`,
      )
      .all(since, ...(services ?? []))
      .map((row) => ({ ...row })) as never;
  }

  /** What people were told, the oldest first. */
  alerts({ since, services }: HistoryQuery): PastAlert[] {
    const rows = this.#db
      .prepare(`SELECT * FROM alerts WHERE at >= ? AND ${named(services)} ORDER BY at, rowid`)
      .all(since, ...(services ?? [])) as unknown as (PastAlert & { at: number; since: number })[];
    return rows.map(({ at, rule, service, news, severity, since: begun, reason }) => ({
      ...{ at: iso(at), rule, service, news, severity, since: iso(begun), reason },
    }));
  }

  tell(at: number, { rule, service, news, severity, since, reason }: Omit<PastAlert, "at">): void {
    this.#db
      .prepare("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(at, rule, service, news, severity, Date.parse(since), reason);
  }

  alertState(rule: string, service: string): AlertState | undefined {
    const row = this.#db.prepare("SELECT state FROM alert_states WHERE rule = ? AND service = ?").get(rule, service);
    return row ? (JSON.parse(String(row.state)) as AlertState) : undefined;
  }

  setAlertState(rule: string, service: string, state: AlertState | undefined, now: number): void {
    if (state)
      this.#db
        .prepare("INSERT OR REPLACE INTO alert_states VALUES (?, ?, ?, ?)")
        .run(rule, service, now, JSON.stringify(state));
    else this.#db.prepare("DELETE FROM alert_states WHERE rule = ? AND service = ?").run(rule, service);
  }

  /** All of it or none, and no other process in between. */
  transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }
}

/** Opens the history for the time of the work. */
export async function withHistory<T>(home: string, work: (history: HealthHistory) => T | Promise<T>): Promise<T> {
  const history = new HealthHistory(home);
  try {
    return await work(history);
  } finally {
    history.close();
  }
}

function named(services: readonly string[] | undefined): string {
  return services ? `service IN (${services.map(() => "?").join(", ")})` : "1";
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
