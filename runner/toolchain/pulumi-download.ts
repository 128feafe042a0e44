import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tail } from "./command.ts";
import type { Engine } from "./engine.ts";
import type { Host } from "./host.ts";

/** Where the official installer comes from; asked first, so that a closed network is noticed in seconds. */
const officialSite = "https://get.pulumi.com/";

/** How long the site may take to answer before it counts as out of reach, in milliseconds. */
const reachMs = 3_000;

/**
 * The official CLI of the SDK's own version with its language hosts, or undefined where it cannot be downloaded or
 * WINDLASS_NO_DOWNLOAD is set.
 */
export async function downloadEngine(host: Host, progress: (line: string) => void): Promise<Engine | undefined> {
  if (host.env.WINDLASS_NO_DOWNLOAD) return undefined;
  const version = sdkVersion(host);
  const folder = join(host.cache, `pulumi-official-${version}`);
  const engine = { bin: join(folder, "bin"), official: true };
  if (existsSync(folder)) return engine;
  if (!(await isReachable())) {
    progress("the official download is out of reach");
    return undefined;
  }
  progress(`downloading ${version} (about 150 MB)`);
  mkdirSync(host.cache, { recursive: true });
  const work = mkdtempSync(join(host.cache, "pulumi-official."));
  try {
    // Loaded only now: it is an npm dependency, and this file is also read where none is installed.
    const { default: automation } = await import("@pulumi/pulumi/automation/index.js");
    await automation.PulumiCommand.install({ root: work });
    renameSync(work, folder);
    return engine;
  } catch (error) {
    progress(`the official download failed: ${tail((error as Error).message, 1)}`);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function sdkVersion(host: Host): string {
  const manifest = readFileSync(join(host.root, "node_modules/@pulumi/pulumi/package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

async function isReachable(): Promise<boolean> {
  try {
    const response = await fetch(officialSite, { method: "HEAD", signal: AbortSignal.timeout(reachMs) });
    return response.status < 500;
  } catch {
    return false;
  }
}
