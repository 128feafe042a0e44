import type { SshConnection } from "../../clients/ssh/connection.ts";
import type { BackupFile } from "../../domain/backup.ts";
import { UserError } from "../../domain/errors.ts";
import { quote } from "../../domain/shell.ts";

/** Endings of files that a transfer is writing. */
const UNDER_WAY = ["*.windlass-part", "*.windlass-restore"];

/** Every file below the paths with its digest, links followed. Throws `NotFound` where a path is not there. */
export async function nodeFiles(
  ssh: SshConnection,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<BackupFile[]> {
  const missing = (
    await run(ssh, 'while IFS= read -r -d "" path; do test -e "$path" || echo "$path"; done', paths, signal)
  ).trim();
  if (missing) {
    throw new UserError("NotFound", {
      reason: `there is no ${missing.split("\n").join(", ")} on the node`,
      suggestion: "name what to back up with --path, or train first",
    });
  }
  const leaveOut = UNDER_WAY.map((name) => `! -name ${quote(name)}`).join(" ");
  const find = `find -L ${paths.map(quote).join(" ")} -type f ${leaveOut} -printf '%s %m %T@ %p\\0'`;
  return withDigests(ssh, await run(ssh, find, [], signal), signal);
}

/** Those of the paths that are files, with their digests. */
export async function existingFiles(
  ssh: SshConnection,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<BackupFile[]> {
  const stat = "xargs -0 -r stat --dereference --printf '%s %a %.Y %n\\0' -- 2>/dev/null || true";
  return withDigests(ssh, await run(ssh, stat, paths, signal), signal);
}

async function withDigests(ssh: SshConnection, records: string, signal?: AbortSignal): Promise<BackupFile[]> {
  const found = records
    .split("\0")
    .filter(Boolean)
    .map((record) => /^(\d+) (\d+) (\S+) (.*)$/s.exec(record)?.slice(1) ?? []);
  const paths = found.map(([, , , path = ""]) => path);
  const sums = await run(ssh, "xargs -0 -r sha256sum --zero --binary -- 2>/dev/null || true", paths, signal);
  const digests = new Map(sums.split("\0").map((record) => [record.slice(66), record.slice(0, 64)]));
  return found
    .flatMap(([bytes, mode = "644", time, path = ""]) => {
      const sha256 = digests.get(path);
      return sha256
        ? [{ path, bytes: Number(bytes), sha256, mode: mode.padStart(3, "0"), modifiedAt: Number(time) }]
        : [];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Runs a command that reads names from its input. Large files take long to read, so there is no limit of time. */
export async function run(
  ssh: SshConnection,
  command: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const result = await ssh.exec(command.includes("read -r -d") ? `bash -c ${quote(command)}` : command, {
    stdin: names.map((name) => `${name}\0`).join(""),
    timeoutMs: Number.POSITIVE_INFINITY,
    ...(signal ? { signal } : {}),
  });
  if (result.code === 0) return result.stdout;
  const reason = result.stderr.trim().split("\n").at(-1) || `it ended with ${result.code ?? result.signal}`;
  throw new UserError("CommandFailed", { host: ssh.to.host, reason: `on the node: ${reason}`, command });
}
