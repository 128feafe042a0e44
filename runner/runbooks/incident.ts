import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { jsonLines } from "../json-lines.ts";

/** What is kept of a runbook's use, one a line in `.windlass/audit/runbooks.jsonl`. */
export interface RunbookRecord {
  /** ISO 8601. */
  at: string;
  runbook: string;
  stack: string | null;
  host: string;
  /** A failure was found, or is gone; a step of a recovery. */
  event: "found" | "gone" | "step";
  causes: string[];
  level?: number;
  step?: string;
  what?: string;
  where?: string[];
  /** `begun` is followed by `done` or `failed`, unless the process died in between; `manual` is left to a person. */
  outcome?: "begun" | "done" | "failed" | "manual";
  detail?: string;
  actor: { host: string; user: string; pid: number };
}

const FILE_BYTES = 10_000_000;

/** The record of one runbook on one stack. */
export class Incident {
  readonly file: string;
  readonly #lines;
  readonly #of: Pick<RunbookRecord, "runbook" | "stack" | "host">;

  constructor(home: string, of: Pick<RunbookRecord, "runbook" | "stack" | "host">) {
    this.#of = of;
    this.#lines = jsonLines<RunbookRecord>(
      join(home, "audit", "runbooks.jsonl"),
      FILE_BYTES,
      (line) => "runbook" in line,
    );
    this.file = this.#lines.file;
  }

  /** When the failure that lasts was first found, in milliseconds since 1970; undefined where none lasts. */
  since(): number | undefined {
    const { runbook, stack, host } = this.#of;
    let since: number | undefined;
    for (const { event, at, ...of } of this.#lines.all()) {
      if (of.runbook !== runbook || of.stack !== stack || of.host !== host) continue;
      if (event === "found") since ??= Date.parse(at);
      if (event === "gone") since = undefined;
    }
    return since;
  }

  /** Notes what a diagnosis says; each failure is found and gone once. */
  diagnosed(causes: readonly string[]): void {
    const lasts = this.since() !== undefined;
    if (causes.length > 0 && !lasts) this.note({ event: "found", causes: [...causes] });
    if (causes.length === 0 && lasts) this.note({ event: "gone", causes: [] });
  }

  note(record: Omit<RunbookRecord, "at" | "actor" | "runbook" | "stack" | "host">): void {
    const actor = { host: hostname(), user: userInfo().username, pid: process.pid };
    this.#lines.append({ at: new Date().toISOString(), ...this.#of, ...record, actor });
  }
}
