import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run, tail, toolMissing } from "./command.ts";
import { type Host, isExecutable } from "./host.ts";
import type { Part } from "./part.ts";

/** Node itself. This code already runs in one, so what is checked is the one that everything else will find. */
export function nodePart(host: Host): Part {
  const path = join(host.root, ".tools/node/bin/node");
  return {
    name: "node",
    async check() {
      if (!isExecutable(path)) return { ok: false, fix: "run windlass doctor --install" };
      const version = (await run(path, ["--version"], { timeout: 5_000 })).stdout.trim();
      const ok = nodeFits(version);
      return { ok, found: `${version} (${path})`, fix: ok ? "" : "run windlass doctor --install" };
    },
    install: (progress) => bootstrap(host, "node", progress),
  };
}

/** Whether a Node of this version strips types by itself (22.18 and newer; `bootstrap.sh` holds the same rule). */
export function nodeFits(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** The npm dependencies, exactly as package-lock.json says. */
export function packagesPart(host: Host): Part {
  return {
    name: "npm dependencies",
    async check() {
      const wanted = read(join(host.root, "package-lock.json"));
      const there = read(join(host.root, "node_modules/.windlass-lock"));
      const ok = wanted === undefined || wanted === there;
      const found = there === undefined ? undefined : ok ? "as package-lock.json says" : "older than package-lock.json";
      return { ok, found: ok ? "as package-lock.json says" : found, fix: ok ? "" : "run windlass doctor --install" };
    },
    install: (progress) => bootstrap(host, "npm", progress),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** The same script as the launcher's: what comes before TypeScript cannot be written in it. */
async function bootstrap(host: Host, what: "node" | "npm", progress: (line: string) => void): Promise<void> {
  const script = join(host.root, "runner/toolchain/bootstrap.sh");
  const result = await run("sh", [script, host.root, what], { env: host.env, onLine: progress });
  if (result.code !== 0) {
    const reason = tail(result.output, 1).replace(/^windlass: (error: )?/, "");
    throw toolMissing(what === "npm" ? "npm dependencies" : "node", reason, "then try again");
  }
}
