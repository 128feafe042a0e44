import { join } from "node:path";
import { UserError } from "../domain/errors.ts";
import { jsonLines } from "./json-lines.ts";
import type { OnEvent, ProgressEvent } from "./progress.ts";

/** What an operation has told, as one record for programs. */
export interface OperationRecord {
  /** ISO 8601. */
  timestamp: string;
  level: "debug" | "info" | "warn" | "error";
  /** As in `services up`. */
  command: string;
  pid: number;
  /** `begin`, `end`, or the kind of progress. */
  event: "begin" | "end" | ProgressEvent["kind"];
  message: string;
  /** Of the resource, or since the beginning. */
  seconds?: number;
  /** What went wrong, as scripts know it. */
  code?: string;
}

/** Bytes after which a new file is begun; the one before is kept beside it. */
export const LOG_FILE_BYTES = 10_000_000;

/** Takes down what one operation tells. */
export interface OperationLog {
  file: string;
  onEvent: OnEvent;
  /** @param error what it ended with; nothing when it is done */
  end(error?: unknown): void;
}

/**
 * The log of all commands of a state folder: `log/windlass.jsonl`, one JSON object a line. A folder that cannot be written to never stops an
 * operation.
 */
export function operationLog(home: string, command: string): OperationLog {
  const file = join(home, "log", "windlass.jsonl");
  const lines = jsonLines<OperationRecord>(file, LOG_FILE_BYTES, (line) => "event" in line, { durable: false });
  const began = performance.now();
  const write = (record: Omit<OperationRecord, "timestamp" | "command" | "pid">) => {
    try {
      lines.append({ timestamp: new Date().toISOString(), command, pid: process.pid, ...record });
    } catch {
      // Said nowhere: the operation is what matters.
    }
  };
  write({ level: "info", event: "begin", message: command });
  return {
    file,
    onEvent(event) {
      const told = toldBy(event);
      if (told) write({ event: event.kind, ...told });
    },
    end(error) {
      const seconds = Math.round(performance.now() - began) / 1000;
      if (error === undefined) write({ level: "info", event: "end", message: "done", seconds });
      else {
        const message = error instanceof Error ? error.message : String(error);
        const code = error instanceof UserError ? { code: error.code } : {};
        write({ level: "error", event: "end", message, seconds, ...code });
      }
    },
  };
}

/** What waits or has just begun is not worth a record. */
function toldBy(event: ProgressEvent): Pick<OperationRecord, "level" | "message" | "seconds"> | undefined {
  if (event.kind === "phase") return { level: "info", message: event.text };
  if (event.kind === "note") return { level: event.level === "warning" ? "warn" : "info", message: event.text };
  if (event.kind === "line")
    return { level: "debug", message: `${event.resource ? `${event.resource}: ` : ""}${event.text}` };
  if (event.kind === "check") {
    const { name, state, text } = event.check;
    return { level: state === "failed" ? "error" : "info", message: `${name}: ${state}: ${text}` };
  }
  if (event.kind !== "resource" || event.state === "started") return undefined;
  const { state, action, type, name, seconds } = event;
  const level = state === "failed" ? "error" : "info";
  return { level, message: `${state} ${action} ${type} ${name}`, ...(seconds === undefined ? {} : { seconds }) };
}
