import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, tail, toolMissing } from "../../runner/toolchain/command.ts";
import { type Host, isExecutable, onPath, thisHost } from "../../runner/toolchain/host.ts";
import { withLock } from "../../runner/toolchain/lock.ts";

const packagePath = "github.com/docker/compose/v2/cmd";

/**
 * The reference that Compose files are compared with in tests: `docker-compose` 2.40.3, built from its Go module as pinned by `go.mod` and
 * `go.sum` beside this file (three minutes on two cores, once per machine and pin; the result lies in the user's cache). It is no part of
 * Windlass. Throws `ToolMissing` without Go or modules.
 */
export async function buildDockerCompose(host: Host = thisHost()): Promise<string> {
  const program = join(host.cache, `docker-compose-${pinHash(host)}`);
  if (isExecutable(program)) return program;
  mkdirSync(host.cache, { recursive: true });
  return withLock(
    `${program}.lock`,
    () => {},
    async () => {
      if (!isExecutable(program)) await build(host, program);
      return program;
    },
  );
}

async function build(host: Host, program: string): Promise<void> {
  const go = onPath(host, "go");
  const suggestion = "install Go 1.25, and check that Go modules can be fetched (go env GOPROXY)";
  if (!go)
    throw toolMissing(
      "docker-compose",
      "the reference for Compose files is built with Go, and there is none",
      suggestion,
    );
  const work = `${program}.${process.pid}`;
  try {
    const words = ["build", "-trimpath", "-ldflags", "-s -w", "-o", work, packagePath];
    const env = { ...host.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
    const result = await run(go, words, { cwd: join(host.root, "tools/docker-compose"), env });
    if (result.code !== 0) throw toolMissing("docker-compose", `go build failed: ${tail(result.output)}`, suggestion);
    renameSync(work, program);
  } finally {
    rmSync(work, { force: true });
  }
}

/** Names the result by everything that decides it. */
function pinHash(host: Host): string {
  const hash = createHash("sha256").update(`${host.platform}-${process.arch}\n`);
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(host.root, "tools/docker-compose", file)));
  return hash.digest("hex").slice(0, 16);
}

if (import.meta.main) process.stdout.write(`${await buildDockerCompose()}\n`);
