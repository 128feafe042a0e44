/**
 * Sends one commit of a local repository to a node as a git bundle: `node clients/ssh/send-repository.ts REPOSITORY COMMIT BUNDLE FOLDER`.
 * Only what the repository at FOLDER on the node lacks is sent. The local repository is not changed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { quote } from "../../domain/shell.ts";
import type { SshConnection } from "./connection.ts";
import { connectOptions, note, runEntry } from "./entry.ts";
import { progressLine } from "./progress.ts";
import { RESTART_MS, waitForSsh } from "./wait.ts";

await runEntry(async (signal) => {
  const [repository, commit, bundle, folder] = process.argv.slice(2);
  if (!repository || !commit || !bundle || !folder)
    throw new UserError(
      "UsageError",
      { reason: "usage: send-repository.ts REPOSITORY COMMIT BUNDLE FOLDER" },
      { exitCode: 2 },
    );
  const ssh = await waitForSsh({ ...connectOptions(process.env), signal, totalMs: RESTART_MS });
  const scratch = mkdtempSync(join(tmpdir(), "windlass-bundle-"));
  try {
    const there = await newestThere(ssh, folder);
    if (there === commit) return note(`the node has ${commit.slice(0, 12)} already`);
    const file = makeBundle(repository, commit, there, scratch);
    await ssh.put(file, bundle, { signal, onProgress: (progress) => note(progressLine(progress)) });
    note(`sent ${commit.slice(0, 12)}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    await ssh.close();
  }
});

/** The commit sent last time, if the repository on the node still has it. */
async function newestThere(ssh: SshConnection, folder: string): Promise<string | undefined> {
  const { code, stdout } = await ssh.exec(`git -C ${quote(folder)} rev-parse --verify -q refs/windlass/head^{commit}`);
  return code === 0 ? stdout.trim() : undefined;
}

/** A bundle needs a ref: it is set in an empty repository that borrows the objects, so that the user's own stays as it is. */
function makeBundle(repository: string, commit: string, without: string | undefined, scratch: string): string {
  const file = join(scratch, "repository.bundle");
  const bare = join(scratch, "bare.git");
  git(["init", "-q", "--bare", bare]);
  writeFileSync(
    join(bare, "objects/info/alternates"),
    `${git(["-C", repository, "rev-parse", "--path-format=absolute", "--git-path", "objects"])}\n`,
  );
  git(["--git-dir", bare, "update-ref", "refs/heads/windlass", commit]);
  const known = without !== undefined && isBefore(bare, without, commit) ? [`^${without}`] : [];
  git(["--git-dir", bare, "bundle", "create", "-q", file, "refs/heads/windlass", ...known]);
  return file;
}

/** A commit of another history, or a later one, leaves nothing out: the bundle must hold the one that is asked for. */
function isBefore(repository: string, earlier: string, later: string): boolean {
  try {
    return git(["--git-dir", repository, "rev-list", "--count", later, `^${earlier}`]) !== "0";
  } catch {
    return false;
  }
}

function git(args: string[]): string {
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  } catch (error) {
    const reason = `git ${args.join(" ")}: ${String((error as { stderr?: string }).stderr ?? error).trim()}`;
    throw new UserError(
      "TransferFailed",
      { reason, suggestion: "check windlass:repositoryUrl and windlass:repositoryRef" },
      { cause: error },
    );
  }
}
