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
import { dirname } from "node:path";

/** A file of JSON objects, one a line; when it is full a new one is begun, and the one before is kept beside it. */
export interface JsonLines<T> {
  file: string;
  append(record: T): void;
  /** Of the file's last 64 KiB, oldest first: enough for what has just happened. */
  latest(): T[];
  /** All that there are, oldest first. */
  all(): T[];
}

/**
 * Opens it; makes nothing before the first record.
 * @param isRecord lines that are something else, or half, are left out
 * @param durable whether a record is on the disk before `append` returns, not only on its way there
 */
export function jsonLines<T>(
  file: string,
  mostBytes: number,
  isRecord: (line: object) => boolean,
  { durable = true } = {},
): JsonLines<T> {
  const older = file.replace(/(\.jsonl)?$/, ".1.jsonl");
  const records = (text: string) => parsed<T>(text, isRecord);
  return {
    file,
    append: (record) => {
      mkdirSync(dirname(file), { recursive: true });
      append(file, older, mostBytes, record, durable);
    },
    latest: () => records(tail(file)),
    all: () => [older, file].flatMap((path) => (existsSync(path) ? records(readFileSync(path, "utf8")) : [])),
  };
}

function append(file: string, older: string, mostBytes: number, record: unknown, durable: boolean): void {
  let descriptor = openSync(file, "a+", 0o600);
  try {
    let { size } = fstatSync(descriptor);
    if (size >= mostBytes) {
      closeSync(descriptor);
      renameSync(file, older);
      descriptor = openSync(file, "a+", 0o600);
      size = 0;
    }
    // A power cut may have left half a line.
    const last = Buffer.alloc(1, "\n");
    if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
    writeSync(descriptor, `${last.toString() === "\n" ? "" : "\n"}${JSON.stringify(record)}\n`);
    if (durable) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function tail(file: string): string {
  if (!existsSync(file)) return "";
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const part = Buffer.alloc(Math.min(size, 65_536));
    readSync(descriptor, part, 0, part.length, size - part.length);
    return part.toString("utf8");
  } finally {
    closeSync(descriptor);
  }
}

function parsed<T>(text: string, isRecord: (line: object) => boolean): T[] {
  return text.split("\n").flatMap((line) => {
    try {
      const record: unknown = JSON.parse(line);
      return typeof record === "object" && record !== null && isRecord(record) ? [record as T] : [];
    } catch {
      return [];
    }
  });
}
