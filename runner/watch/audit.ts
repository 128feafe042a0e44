import { hostname } from "node:os";
import { join } from "node:path";
import type { Decision } from "../../domain/lifecycle-decision.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import { jsonLines } from "../json-lines.ts";

/** One decision about a node, as it is kept. */
export interface AuditRecord {
  /** By the cloud's clock, ISO 8601. */
  at: string;
  node: string;
  decision: Decision["act"] | "confirm" | "override";
  topic: Decision["topic"] | "pass" | "policy";
  reason: string;
  evidence: Record<string, unknown>;
  actor: { host: string; pid: number };
  /** `begun` is followed by `done` or `failed`, unless the process died in between. */
  outcome: "none" | "begun" | "done" | "failed";
  /** What went wrong; or what came of it. */
  detail?: unknown;
}

/** Bytes after which a new file is begun; the one before is kept beside it. */
export const AUDIT_FILE_BYTES = 10_000_000;

/** The decisions about a stack's node on this machine: `audit/<project>-<stack>.jsonl`, one JSON object a line. */
export interface AuditLog {
  file: string;
  /** On the disk when it returns. */
  append(record: Omit<AuditRecord, "actor">): void;
  /** The newest record, where one of these conditions holds. */
  last(matches: (record: AuditRecord) => boolean): AuditRecord | undefined;
  /** All that there are, oldest first. */
  all(): AuditRecord[];
}

/** Opens the log of a stack under the state folder; makes nothing before the first record. */
export function auditLog(home: string, { project, stack }: Pick<NodeOwner, "project" | "stack">): AuditLog {
  const file = join(home, "audit", `${project}-${stack}.jsonl`);
  const lines = jsonLines<AuditRecord>(file, AUDIT_FILE_BYTES, (line) => "decision" in line);
  return {
    file,
    append: (record) => lines.append({ ...record, actor: { host: hostname(), pid: process.pid } }),
    last: (matches) => lines.latest().findLast(matches),
    all: lines.all,
  };
}
