import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, tail, toolMissing } from "./command.ts";
import { type Engine, engineVersion } from "./engine.ts";
import { type Host, isExecutable, onPath } from "./host.ts";

const packagePath = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/** Without the version the CLI calls itself "" and the Automation API refuses it. */
const linkFlags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${engineVersion}`;

/** Folders in the cache in which a build is going on. */
const workPrefix = "pulumi-build.";

/** Go modules and packages that make up the CLI, roughly; for the progress lines only. */
const moduleCount = 250;
const packageCount = 1_700;

/** Seconds between two progress lines. */
const progressSeconds = 20;

/**
 * Builds the CLI from its Go module, pinned by `tools/engine/go.sum`: about 4 minutes on two cores, once per machine
 * and pin. The result lies in the cache under a hash of the pins and flags, so an unchanged pin is never built twice.
 */
export async function buildEngine(host: Host, progress: (line: string) => void): Promise<Engine> {
  const bin = join(host.cache, `pulumi-${pinHash(host)}`, "bin");
  if (isExecutable(join(bin, "pulumi"))) return { bin, official: false };
  const go = await requireGo(host);
  mkdirSync(host.cache, { recursive: true });
  removeAbandoned(host);
  const work = mkdtempSync(join(host.cache, workPrefix));
  try {
    mkdirSync(join(work, "bin"));
    progress(`building ${engineVersion} from its Go module (about 4 minutes on two cores, once)`);
    await compile(host, go, join(work, "bin/pulumi"), progress);
    mkdirSync(join(bin, ".."), { recursive: true });
    rmSync(bin, { recursive: true, force: true });
    renameSync(join(work, "bin"), bin);
    return { bin, official: false };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What a killed build left: the caller holds the lock, so nobody is at work there. */
function removeAbandoned(host: Host): void {
  for (const name of readdirSync(host.cache)) {
    if (name.startsWith(workPrefix)) rmSync(join(host.cache, name), { recursive: true, force: true });
  }
}

/** Names the result by everything that decides it. */
export function pinHash(host: Host): string {
  const hash = createHash("sha256").update(`${linkFlags}\n${host.platform}-${process.arch}\n`);
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(host.root, "tools/engine", file)));
  return hash.digest("hex").slice(0, 16);
}

async function requireGo(host: Host): Promise<string> {
  const suggestion =
    "install the Pulumi CLI yourself (https://www.pulumi.com/docs/install/), or Go 1.26 so that it can be built here";
  const go = onPath(host, "go");
  const reason = `the Pulumi CLI ${engineVersion} can neither be downloaded nor built`;
  if (!go) throw toolMissing("pulumi", `${reason}: its download is out of reach and there is no Go`, suggestion);
  const { stdout } = await run(go, ["env", "GOVERSION"], {
    env: { ...host.env, GOTOOLCHAIN: "local" },
    timeout: 10_000,
  });
  const [major = 0, minor = 0] = stdout.trim().replace(/^go/, "").split(".").map(Number);
  if (major === 1 && minor >= 26) return go;
  throw toolMissing(
    "pulumi",
    `${reason}: its download is out of reach and Go is ${stdout.trim() || "broken"}`,
    suggestion,
  );
}

async function compile(host: Host, go: string, output: string, progress: (line: string) => void): Promise<void> {
  const onLine = buildProgress(progress);
  const result = await run(go, ["build", "-v", "-trimpath", "-ldflags", linkFlags, "-o", output, packagePath], {
    cwd: join(host.root, "tools/engine"),
    env: { ...host.env, GOTOOLCHAIN: "local", CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
    onLine,
  });
  if (result.code === 0) return;
  const suggestion =
    "check that Go modules can be fetched (go env GOPROXY), or install the Pulumi CLI yourself, and try again";
  throw toolMissing("pulumi", `go build failed: ${tail(result.output)}`, suggestion);
}

/** Turns what `go build -v` prints, a line for each module and package, into a line now and then. */
function buildProgress(progress: (line: string) => void): (line: string) => void {
  let downloaded = 0;
  let compiled = 0;
  let last = Date.now();
  return (line) => {
    if (line.startsWith("go: downloading ")) downloaded += 1;
    else compiled += 1;
    if (Date.now() - last < progressSeconds * 1_000) return;
    last = Date.now();
    const done = compiled > 0 ? `compiled ${compiled} of about ${packageCount} packages` : undefined;
    progress(done ?? `downloaded ${downloaded} of about ${moduleCount} modules`);
  };
}
