import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run, toolMissing } from "./command.ts";
import { type Engine, engineFits, engineVersion } from "./engine.ts";
import { buildEngine } from "./engine-build.ts";
import { type Host, isExecutable, onPath } from "./host.ts";
import { withLock } from "./lock.ts";
import type { Part, PartState } from "./part.ts";
import { downloadEngine } from "./pulumi-download.ts";

const languageHost = "pulumi-language-nodejs";

/** The Pulumi CLI with a Node language host beside it: ours in `.tools/pulumi/bin`, else the user's own on PATH. */
export function pulumiPart(host: Host): Part {
  return {
    name: "pulumi",
    check: () => check(host),
    async install(progress) {
      const onWait = (owner: number) => progress(`process ${owner} is installing it; waiting`);
      try {
        await withLock(join(host.cache, "pulumi.lock"), onWait, async () => {
          if ((await check(host)).ok) return;
          useEngine(host, (await downloadEngine(host, progress)) ?? (await buildEngine(host, progress)));
        });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
        throw toolMissing("pulumi", (error as Error).message, "then try again");
      }
    },
  };
}

async function check(host: Host): Promise<PartState> {
  const own = join(host.root, ".tools/pulumi/bin");
  const state = await checkEngine(join(own, "pulumi"));
  if (state.ok) return state;
  const other = onPath(host, "pulumi", [own]);
  const otherState = other ? await checkEngine(other) : undefined;
  if (otherState?.ok) return otherState;
  return { ok: false, found: otherState?.found ?? state.found, fix: "run windlass doctor --install" };
}

async function checkEngine(path: string): Promise<PartState> {
  const fix = "run windlass doctor --install";
  if (!isExecutable(path)) return { ok: false, fix };
  const version = (await run(path, ["version"], { timeout: 10_000, env: quietEnvironment() })).stdout.trim();
  const found = `${version || "an engine that does not start"} (${path})`;
  if (!engineFits(version)) return { ok: false, found: `${found}, which is not >= ${engineVersion} and < 4`, fix };
  const beside = join(dirname(realpathSync(path)), languageHost);
  if (!isExecutable(beside)) return { ok: false, found: `${found}, without ${languageHost} beside it`, fix };
  return { ok: true, found, fix: "" };
}

function quietEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
}

/**
 * Makes `.tools/pulumi/bin` show the engine. A built one is hard-linked, not symbolically: the engine looks for its
 * language host beside its own real path, and ours is there.
 */
function useEngine(host: Host, engine: Engine): void {
  const folder = join(host.root, ".tools/pulumi");
  mkdirSync(dirname(folder), { recursive: true });
  if (engine.official) {
    replaceByLink(dirname(engine.bin), folder);
    return;
  }
  if (isLink(folder)) rmSync(folder);
  mkdirSync(join(folder, "bin"), { recursive: true });
  replaceByLink(`../../../tools/language-host/${languageHost}`, join(folder, "bin", languageHost));
  const temporary = join(folder, "bin", `.pulumi.${process.pid}`);
  rmSync(temporary, { force: true });
  try {
    linkSync(join(engine.bin, "pulumi"), temporary);
  } catch {
    copyFileSync(join(engine.bin, "pulumi"), temporary);
  }
  renameSync(temporary, join(folder, "bin/pulumi"));
}

function replaceByLink(target: string, path: string): void {
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  if (existsSync(path) && !isLink(path)) rmSync(path, { recursive: true });
  renameSync(temporary, path);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
