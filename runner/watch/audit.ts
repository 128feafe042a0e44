import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Decision } from "../../domain/lifecycle-decision.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";

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
  const folder = join(home, "audit");
  const file = join(folder, `${project}-${stack}.jsonl`);
  const older = join(folder, `${project}-${stack}.1.jsonl`);
  return {
    file,
    append: (record) => {
      mkdirSync(folder, { recursive: true });
      append(file, older, { ...record, actor: { host: hostname(), pid: process.pid } });
    },
    last: (matches) => tail(file).findLast(matches),
    all: () => [older, file].flatMap((path) => (existsSync(path) ? records(readFileSync(path, "utf8")) : [])),
  };
}

function append(file: string, older: string, record: AuditRecord): void {
  let descriptor = openSync(file, "a+", 0o600);
  try {
    let { size } = fstatSync(descriptor);
    if (size >= AUDIT_FILE_BYTES) {
      closeSync(descriptor);
      renameSync(file, older);
      descriptor = openSync(file, "a+", 0o600);
      size = 0;
    }
    // A power cut may have left half a line.
    const last = Buffer.alloc(1, "\n");
    if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
    writeSync(descriptor, `${last.toString() === "\n" ? "" : "\n"}${JSON.stringify(record)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The records of the file's last part: enough for what was just decided. */
function tail(file: string): AuditRecord[] {
  if (!existsSync(file)) return [];
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const part = Buffer.alloc(Math.min(size, 65_536));
    readSync(descriptor, part, 0, part.length, size - part.length);
    return records(part.toString("utf8"));
  } finally {
    closeSync(descriptor);
  }
}

/** Half lines are left out. */
function records(text: string): AuditRecord[] {
  return text.split("\n").flatMap((line) => {
    try {
      const record: unknown = JSON.parse(line);
      return typeof record === "object" && record !== null && "decision" in record ? [record as AuditRecord] : [];
    } catch {
      return [];
    }
  });
}
