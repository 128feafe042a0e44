import { execFileSync } from "node:child_process";
import { UserError } from "../domain/errors.ts";

/** Whether a repository is a folder of this machine and not a URL. */
export function isLocal(url: string): boolean {
  return /^[./]/.test(url);
}

/**
 * The commit that a ref of a local repository means. Only what is committed is sent to a node. Throws UserError
 * `ConfigInvalid` where there is no repository or no such ref.
 */
export function resolveCommit(root: string, path: string, ref: string): string {
  try {
    return execFileSync(
      "git",
      ["-C", path, "rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`],
      {
        cwd: root,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      },
    ).trim();
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === "ENOENT") throw refusal(`git is not installed`, "install git", error);
    if (stderr)
      throw refusal(
        `windlass:repositoryUrl: ${path} is no git repository (${stderr.trim().split("\n")[0]})`,
        "give the folder of one, or a URL",
        error,
      );
    throw refusal(
      `windlass:repositoryRef: ${path} has no branch, tag or commit ${ref}`,
      "see `git branch` and `git tag` there",
      error,
    );
  }
}

function refusal(reason: string, suggestion: string, cause: unknown): UserError {
  return new UserError("ConfigInvalid", { reason, suggestion }, { cause });
}
