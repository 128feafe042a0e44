import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, tail, toolMissing } from "../../runner/toolchain/command.ts";
import { type Host, isExecutable, onPath, thisHost } from "../../runner/toolchain/host.ts";
import { withLock } from "../../runner/toolchain/lock.ts";

const packagePath = "github.com/versity/versitygw/cmd/versitygw";

/**
 * The S3 server of the tests: Versity's gateway on a folder, built from its Go module as pinned by `go.mod` and `go.sum` beside this file
 * (40 seconds on two cores, once per machine and pin; the result lies in the user's cache). Throws `ToolMissing` without Go or modules.
 */
export async function buildS3Server(host: Host = thisHost()): Promise<string> {
  const program = join(host.cache, `versitygw-${pinHash(host)}`);
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
  const suggestion = "install Go 1.26, and check that Go modules can be fetched (go env GOPROXY)";
  if (!go) throw toolMissing("versitygw", "the S3 server of the tests is built with Go, and there is none", suggestion);
  const work = `${program}.${process.pid}`;
  try {
    const words = ["build", "-trimpath", "-ldflags", "-s -w", "-o", work, packagePath];
    const env = { ...host.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" };
    const result = await run(go, words, { cwd: join(host.root, "tools/s3-server"), env });
    if (result.code !== 0) throw toolMissing("versitygw", `go build failed: ${tail(result.output)}`, suggestion);
    renameSync(work, program);
  } finally {
    rmSync(work, { force: true });
  }
}

/** Names the result by everything that decides it. */
function pinHash(host: Host): string {
  const hash = createHash("sha256").update(`${host.platform}-${process.arch}\n`);
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(host.root, "tools/s3-server", file)));
  return hash.digest("hex").slice(0, 16);
}
