import { createHash, type Hash } from "node:crypto";

/**
 * What the ETag of an object must be that was sent in parts of `partSize` bytes: the MD5 of its content where one part was enough, else the
 * MD5 of the parts' MD5s and their number. With it the storage itself says what it holds, and nothing has to be fetched back.
 */
export class ExpectedEtag {
  readonly #partSize: number;
  readonly #parts: Buffer[] = [];
  #hash: Hash = createHash("md5");
  #filled = 0;

  constructor(partSize: number) {
    this.#partSize = partSize;
  }

  update(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#filled === this.#partSize) this.#close();
      const piece = rest.subarray(0, this.#partSize - this.#filled);
      this.#hash.update(piece);
      this.#filled += piece.length;
      rest = rest.subarray(piece.length);
    }
  }

  /** Both forms: an object of exactly one part may have been sent either way. */
  values(): string[] {
    const last = this.#hash.copy().digest();
    const parts = [...this.#parts, last];
    const joined = createHash("md5").update(Buffer.concat(parts)).digest("hex");
    const several = `${joined}-${parts.length}`;
    return parts.length === 1 ? [last.toString("hex"), several] : [several];
  }

  #close(): void {
    this.#parts.push(this.#hash.digest());
    this.#hash = createHash("md5");
    this.#filled = 0;
  }
}

/** An ETag made of MD5s; storages that encrypt with keys of their own give others, which say nothing about the content. */
export function saysContent(etag: string): boolean {
  return /^[0-9a-f]{32}(-\d+)?$/.test(etag);
}
