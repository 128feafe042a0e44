import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { freeAddress, type Range } from "./addresses.ts";

/** Reserved IPs are the public network's addresses from .200 on. */
const offsets = { from: 200, to: 254 };

/** Which reserved IPs there are and which droplet has each; kept in a file of the cloud's data folder. */
export class ReservedIps {
  readonly #file: string;

  constructor(dataDir: string) {
    this.#file = join(dataDir, "reserved-ips.json");
  }

  of(dropletId: number): string[] {
    return Object.entries(this.#read()).flatMap(([ip, holder]) => (holder === dropletId ? [ip] : []));
  }

  /** Gives an address (null = a free one) to a droplet or to nobody; answers with it and with the droplets to be told. */
  assign(ip: string | null, dropletId: number | null, range: Range): { ip: string; changed: number[] } {
    const all = this.#read();
    const address = ip ?? freeAddress(range, new Set(Object.keys(all)), offsets.from, offsets.to);
    const holder = all[address] ?? null;
    this.#write({ ...all, [address]: dropletId });
    return { ip: address, changed: [...new Set([holder, dropletId])].filter((id) => id !== null) };
  }

  /** Answers with the droplets to be told. */
  release(ip: string): number[] {
    const { [ip]: holder, ...rest } = this.#read();
    this.#write(rest);
    return holder === null || holder === undefined ? [] : [holder];
  }

  clear(): void {
    rmSync(this.#file, { force: true });
  }

  #read(): Record<string, number | null> {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
      throw error;
    }
  }

  #write(all: Record<string, number | null>): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(all));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
