import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SFTPWrapper } from "ssh2";
import type { Call } from "../engine/provider.ts";
import { Archive, Asset, type Properties } from "../engine/values.ts";
import { connectionOf } from "./connection.ts";
import { dial, openSftp } from "./ssh.ts";

/** Copies the source to the remote path, by the rules of the official plugin; see the functions below. */
export async function copy({ connection, source, remotePath }: Properties, call: Call): Promise<void> {
  const client = await dial(connectionOf({ connection: connection ?? null }), call);
  const stop = (): void => void client.destroy();
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    const target = new Target(await openSftp(client), call);
    await copySource(target, source, String(remotePath));
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    call.signal.removeEventListener("abort", stop);
    client.end();
  }
}

async function copySource(target: Target, source: unknown, to: string): Promise<void> {
  if (!(source instanceof Asset || source instanceof Archive))
    throw new Error("source: either asset or archive must be set");
  if (source instanceof Asset && source.text !== undefined) return copyText(target, source.text, to);
  if (source.path !== undefined) return copyPath(target, source.path, to);
  if (source instanceof Archive && source.assets) return copyAssets(target, source.assets, to);
  throw new Error("source: only texts, files, folders and maps of them can be copied");
}

async function copyText(target: Target, text: string, to: string): Promise<void> {
  if ((await target.kind(to)) === "folder") {
    throw new Error(`remote path ${to} is a directory; when using a text asset, remotePath must be a file path`);
  }
  await target.makeFolder(posix.dirname(to));
  await target.write(Readable.from([text]), to);
}

/**
 * A file goes into an existing folder, or becomes the path; a folder goes into an existing folder, or its contents do when
 * its own path ends with a slash.
 */
async function copyPath(target: Target, from: string, to: string): Promise<void> {
  const there = await target.kind(to);
  if (!(await stat(from)).isDirectory()) {
    if (there === "folder") return target.write(createReadStream(from), posix.join(to, basename(from)));
    await target.makeFolder(posix.dirname(to));
    return target.write(createReadStream(from), to);
  }
  if (there === "file") throw new Error(`remote path ${to} exists but is not a directory`);
  const folder = from.endsWith("/") ? to : posix.join(to, basename(from));
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const remote = posix.join(folder, path.slice(from.length));
    if (entry.isDirectory()) await target.makeFolder(remote);
    else await target.write(createReadStream(path), remote);
  }
}

async function copyAssets(target: Target, assets: Properties, to: string): Promise<void> {
  if ((await target.kind(to)) === "file") throw new Error(`remote path ${to} exists but is not a directory`);
  for (const [name, asset] of Object.entries(assets)) {
    const path = posix.join(to, name);
    if (asset instanceof Archive && asset.assets) await copyAssets(target, asset.assets, path);
    else await copySource(target, asset, path);
  }
}

/** Files on the other machine. */
class Target {
  readonly #sftp: SFTPWrapper;
  readonly #call: Call;
  readonly #made = new Set<string>();

  constructor(sftp: SFTPWrapper, call: Call) {
    this.#sftp = sftp;
    this.#call = call;
  }

  kind(path: string): Promise<"file" | "folder" | undefined> {
    return new Promise((resolve, reject) => {
      this.#sftp.stat(path, (error, found) => {
        if (!error) return resolve(found.isDirectory() ? "folder" : "file");
        const missing = (error as { code?: unknown }).code === 2;
        return missing ? resolve(undefined) : reject(new Error(`failed to stat remote path ${path}: ${error.message}`));
      });
    });
  }

  /** With the folders above it. */
  async makeFolder(path: string): Promise<void> {
    if (path === "." || path === "/" || this.#made.has(path)) return;
    const there = await this.kind(path);
    if (there === "file") throw new Error(`remote path ${path} exists but is not a directory`);
    if (!there) {
      await this.makeFolder(posix.dirname(path));
      await new Promise<void>((resolve, reject) => {
        this.#sftp.mkdir(path, (error) =>
          error ? reject(new Error(`failed to create remote directory ${path}: ${error.message}`)) : resolve(),
        );
      });
    }
    this.#made.add(path);
  }

  async write(content: Readable, path: string): Promise<void> {
    await this.makeFolder(posix.dirname(path));
    this.#call.log.status(`copying ${path}`);
    try {
      await pipeline(content, this.#sftp.createWriteStream(path));
    } catch (error) {
      throw new Error(`failed to copy to remote path ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
}
