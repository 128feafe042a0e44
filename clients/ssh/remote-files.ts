import { posix } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { quote } from "../../domain/shell.ts";
import type { Transport } from "./channel.ts";
import { exec } from "./exec.ts";
import type { ManifestFile } from "./manifest.ts";

/** Checksums and names of files under one remote path, asked for in batches over the command channel. */
export class RemoteFiles {
  readonly #on: Transport;
  readonly #root: string;
  readonly #signal: AbortSignal | undefined;

  constructor(on: Transport, root: string, signal?: AbortSignal) {
    this.#on = on;
    this.#root = root;
    this.#signal = signal;
  }

  /** Absolute path of a manifest path ("" is the root itself: a single file). */
  pathOf(path: string): string {
    return path === "" ? this.#root : posix.join(this.#root, path);
  }

  /** SHA-256 of those that exist, by the same paths. */
  digests(paths: string[]): Promise<Map<string, string>> {
    return this.#digests(new Map(paths.map((path) => [this.pathOf(path), path])));
  }

  /** Size and digest of what an interrupted transfer left of these files. */
  async digestsOfParts(files: ManifestFile[], ending: string): Promise<Map<string, { bytes: number; sha256: string }>> {
    const byName = new Map(files.map((file) => [`${this.pathOf(file.path)}${ending}`, file]));
    const { stdout } = await this.#run("xargs -0 -r stat --printf '%s %n\\0' -- 2>/dev/null || true", [
      ...byName.keys(),
    ]);
    const rests = stdout
      .split("\0")
      .filter(Boolean)
      .map((record) => splitOnce(record));
    const usable = rests.filter(([name, size]) => Number(size) > 0 && Number(size) <= (byName.get(name)?.bytes ?? 0));
    const digests = await this.#digests(new Map(usable.map(([name]) => [name, name])));
    return new Map(
      usable.map(([name, size]) => [
        byName.get(name)?.path ?? "",
        { bytes: Number(size), sha256: digests.get(name) ?? "" },
      ]),
    );
  }

  async #digests<T>(keys: Map<string, T>): Promise<Map<T, string>> {
    if (keys.size === 0) return new Map();
    const { stdout } = await this.#run("xargs -0 -r sha256sum --zero --binary -- 2>/dev/null || true", [
      ...keys.keys(),
    ]);
    const found = new Map<T, string>();
    for (const record of stdout.split("\0")) {
      const key = keys.get(record.slice(66));
      if (key !== undefined) found.set(key, record.slice(0, 64));
    }
    return found;
  }

  async makeFolders(paths: string[]): Promise<void> {
    const folders = [...new Set(paths.map((path) => posix.dirname(this.pathOf(path))))];
    const { code, stderr } = await this.#run("xargs -0 -r mkdir -p --", folders);
    if (code !== 0) throw this.#failed(`cannot make the folders (${stderr.trim()})`);
  }

  /** Checks what was sent and gives it its real name, all or nothing per file. */
  async commit(files: ManifestFile[], ending: string): Promise<void> {
    const digests = await this.#digests(new Map(files.map((file) => [`${this.pathOf(file.path)}${ending}`, file])));
    const wrong = files.filter((file) => digests.get(file) !== file.sha256);
    const names = (list: ManifestFile[]) => list.map((file) => `${this.pathOf(file.path)}${ending}`);
    if (wrong.length > 0) {
      await this.#run("xargs -0 -r rm -f --", names(wrong));
      throw this.#failed(`${wrong.length} of ${files.length} files arrived with another checksum: ${wrong[0]?.path}`);
    }
    const move = `while IFS= read -r -d '' part; do mv -fT -- "$part" "\${part%${ending}}" || exit 1; done`;
    const { code, stderr } = await this.#run(`bash -c ${quote(move)}`, names(files));
    if (code !== 0) throw this.#failed(`cannot put the files in place (${stderr.trim()})`);
  }

  /** Every file under the root with size and digest, transfers under way left out. */
  async list(): Promise<ManifestFile[]> {
    const root = quote(this.#root);
    const find = `test -e ${root} && find -L ${root} -type f ! -name '*.windlass-part' -printf '%s %P\\0'`;
    const { code, stdout } = await this.#run(find, []);
    if (code !== 0) throw this.#failed("there is no such file or folder on the node");
    const sizes = stdout
      .split("\0")
      .filter(Boolean)
      .map((record) => splitOnce(record));
    const digests = await this.digests(sizes.map(([path]) => path));
    return sizes.map(([path, bytes]) => ({ path, bytes: Number(bytes), sha256: digests.get(path) ?? "" }));
  }

  /** Says what is behind an sftp error where it can be found out: sftp only knows "Failure". */
  async explain(error: unknown): Promise<unknown> {
    if (error instanceof UserError) return error;
    const { stdout } = await this.#run(
      `df --output=avail,target -k -- ${quote(this.#root)} 2>/dev/null | tail -n 1`,
      [],
    ).catch(() => ({ stdout: "" }));
    const [free, mount] = stdout.trim().split(/\s+/);
    if (free !== undefined && mount !== undefined && Number(free) < 64)
      return new UserError(
        "TransferFailed",
        {
          host: this.#on.to.host,
          reason: `no space left on ${mount} of the node`,
          suggestion: "make room there, or raise windlass:volumeSizeGiB, and run it again: it goes on from there",
        },
        { cause: error },
      );
    return this.#failed((error as Error).message, error);
  }

  #failed(reason: string, cause?: unknown): UserError {
    const suggestion = "run it again: files that arrived whole are not sent again";
    const details = { host: this.#on.to.host, path: this.#root, reason: `${this.#root}: ${reason}`, suggestion };
    return new UserError("TransferFailed", details, { cause });
  }

  #run(command: string, names: string[]) {
    const stdin = names.map((name) => `${name}\0`).join("");
    return this.#on.channels(() => exec(this.#on, command, { stdin, timeoutMs: 600_000, signal: this.#signal }));
  }
}

/** `size path` records as [path, size]. */
function splitOnce(record: string): [string, string] {
  const space = record.indexOf(" ");
  return [record.slice(space + 1), record.slice(0, space)];
}
