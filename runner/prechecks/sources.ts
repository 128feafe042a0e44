import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { redact } from "../../domain/redaction.ts";
import { ownDroplet } from "./cloud.ts";
import type { Finding, Subject } from "./index.ts";

/** Seconds for asking a git server. */
const TIMEOUT_SECONDS = 20;

/** The repository must be there, with the ref; asked only before the node is made: afterwards the node itself says so. */
export async function checkRepository(subject: Subject): Promise<Finding> {
  const { config, target } = subject;
  const name = "repository";
  const { repositoryUrl: url, repositoryRef: ref } = config;
  if (!url) return { name, state: "skipped", text: "none configured" };
  const shown = redact(url);
  const local = !/^[a-z+]+:\/\/|^[^/]+@[^/]+:/i.test(url);
  if (!local && ownDroplet(subject)) return { name, state: "ok", text: `${shown} (the node stands)` };
  const folder = resolve(target.root, url);
  const args = local
    ? ["-C", folder, "rev-parse", "--verify", "--quiet", `${ref}^{commit}`]
    : ["ls-remote", "--exit-code", url, ref];
  const { code, stderr, missing } = await git(args);
  if (missing) return { name, state: "failed", text: "git is not installed", fix: "install git" };
  if (code === 0) return { name, state: "ok", text: `${shown} has ${ref}` };
  if (local && !existsSync(folder))
    return { name, state: "failed", text: `${folder} does not exist`, fix: "mend windlass:repositoryUrl" };
  const reason = redact(stderr.trim().split("\n").at(-1) ?? "");
  const noRef = local ? !/not a git repository|dubious/i.test(stderr) : code === 2;
  return {
    name,
    state: "failed",
    text: noRef ? `${shown} has no ${ref}` : `${shown} cannot be read: ${reason || `git ended with ${code}`}`,
    fix: noRef
      ? "set windlass:repositoryRef to a branch, tag or commit that is there"
      : "mend windlass:repositoryUrl, or give git access to it",
  };
}

function git(args: string[]): Promise<{ code: number; stderr: string; missing: boolean }> {
  const env = { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_SSH_COMMAND: "ssh -o BatchMode=yes" };
  return new Promise((done) => {
    execFile("git", args, { env, timeout: TIMEOUT_SECONDS * 1000 }, (error, _stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : 1) : 0;
      done({ code, stderr, missing: (error as NodeJS.ErrnoException | null)?.code === "ENOENT" });
    });
  });
}

export function checkData({ config, target }: Subject): Finding {
  const name = "data";
  if (!config.dataSource) return { name, state: "skipped", text: "none configured" };
  const folder = resolve(target.root, config.dataSource);
  const found = statSync(folder, { throwIfNoEntry: false });
  const fix = "set windlass:dataSource to a folder with the files to send";
  if (!found) return { name, state: "failed", text: `${folder} does not exist`, fix };
  if (!found.isDirectory()) return { name, state: "failed", text: `${folder} is not a folder`, fix };
  if (readdirSync(folder).length === 0) return { name, state: "failed", text: `${folder} is empty`, fix };
  return { name, state: "ok", text: folder };
}
