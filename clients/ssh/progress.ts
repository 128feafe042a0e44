import { formatBytes, formatDuration } from "../../domain/units.ts";

/** How far a transfer is. */
export interface Progress {
  files: number;
  totalFiles: number;
  /** Bytes that are there, those that were there before included. */
  bytes: number;
  totalBytes: number;
  /** Over the wire in this run. */
  bytesPerSecond: number;
}

/** Least time between two reports, in milliseconds. */
const PAUSE = 250;

/** Counts what moves and reports it now and then. */
export class Meter {
  readonly files: number;
  readonly totalBytes: number;
  sentFiles = 0;
  sentBytes = 0;
  readonly #report: ((progress: Progress) => void) | undefined;
  readonly #started = performance.now();
  #reported = 0;
  #bytes: number;
  #filesThere: number;

  constructor(all: { bytes: number }[], missing: { bytes: number }[], report?: (progress: Progress) => void) {
    const sum = (files: { bytes: number }[]) => files.reduce((total, file) => total + file.bytes, 0);
    this.files = all.length;
    this.totalBytes = sum(all);
    this.#bytes = this.totalBytes - sum(missing);
    this.#filesThere = all.length - missing.length;
    this.#report = report;
  }

  /** Bytes that an earlier run has moved already. */
  skip(bytes: number): void {
    this.#bytes += bytes;
  }

  moved(bytes: number): void {
    this.#bytes += bytes;
    this.sentBytes += bytes;
    const now = performance.now();
    if (now - this.#reported < PAUSE) return;
    this.#reported = now;
    this.#report?.(this.#now());
  }

  /** One more file is there whole. */
  finished(): void {
    this.sentFiles += 1;
    this.#filesThere += 1;
  }

  end(): void {
    this.#report?.(this.#now());
  }

  #now(): Progress {
    const seconds = (performance.now() - this.#started) / 1000;
    return {
      files: this.#filesThere,
      totalFiles: this.files,
      bytes: this.#bytes,
      totalBytes: this.totalBytes,
      bytesPerSecond: seconds > 0 ? this.sentBytes / seconds : 0,
    };
  }
}

/** One line for people: `12/20 files, 8.0 MiB of 20.1 MiB (40 %), 31.2 MiB/s, 0.4 s left`. */
export function progressLine(progress: Progress): string {
  const percent = progress.totalBytes === 0 ? 100 : Math.floor((progress.bytes / progress.totalBytes) * 100);
  const left = progress.totalBytes - progress.bytes;
  const eta =
    left > 0 && progress.bytesPerSecond > 0 ? `, ${formatDuration((left / progress.bytesPerSecond) * 1000)} left` : "";
  const amount = `${formatBytes(progress.bytes)} of ${formatBytes(progress.totalBytes)} (${percent} %)`;
  return `${progress.files}/${progress.totalFiles} files, ${amount}, ${formatBytes(Math.round(progress.bytesPerSecond))}/s${eta}`;
}
