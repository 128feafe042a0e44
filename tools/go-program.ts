import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, tail, toolMissing } from "../runner/toolchain/command.ts";
import { type Host, isExecutable, onPath, thisHost } from "../runner/toolchain/host.ts";
import { withLock } from "../runner/toolchain/lock.ts";

/** A program of the tests that is built from its Go module, somebody else's or our own. */
export interface GoProgram {
  name: string;
  /** What the tests use it as, for an error. */
  purpose: string;
  /** Folder of its `go.mod` and `go.sum` (and of its sources, if they are ours), below tools/. */
  folder: string;
  /** Import path of the main package. */
  main: string;
  /** Oldest Go that builds it: `1.26`. */
  go: string;
}

/**
 * Builds the program as its `go.mod` and `go.sum` pin it, once per machine and pin: the result lies in the user's cache. Answers with its
 * path. Throws `ToolMissing` without Go or modules.
 */
export async function buildGoProgram(program: GoProgram, host: Host = thisHost()): Promise<string> {
  const path = join(host.cache, `${program.name}-${pinHash(program, host)}`);
  if (isExecutable(path)) return path;
  mkdirSync(host.cache, { recursive: true });
  return withLock(
    `${path}.lock`,
    () => {},
    async () => {
      if (!isExecutable(path)) await build(program, host, path);
      return path;
    },
  );
}

async function build({ name, purpose, folder, main, go: version }: GoProgram, host: Host, path: string): Promise<void> {
  const go = onPath(host, "go");
  const suggestion = `install Go ${version}, and check that Go modules can be fetched (go env GOPROXY)`;
  if (!go) throw toolMissing(name, `${purpose} is built with Go, and there is none`, suggestion);
  const work = `${path}.${process.pid}`;
  try {
    const words = ["build", "-trimpath", "-ldflags", "-s -w", "-o", work, main];
    const env = { ...host.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
    const result = await run(go, words, { cwd: join(host.root, "tools", folder), env });
    if (result.code !== 0) throw toolMissing(name, `go build failed: ${tail(result.output)}`, suggestion);
    renameSync(work, path);
  } finally {
    rmSync(work, { force: true });
  }
}

/** Names the result by everything that decides it. */
function pinHash({ folder }: GoProgram, host: Host): string {
  const hash = createHash("sha256").update(`${host.platform}-${process.arch}\n`);
  const path = join(host.root, "tools", folder);
  const deciding = readdirSync(path).filter((file) => /^go\.(mod|sum)$|\.go$/.test(file));
  for (const file of deciding.sort()) hash.update(readFileSync(join(path, file)));
  return hash.digest("hex").slice(0, 16);
}
