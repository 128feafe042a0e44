import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

/** The machine and the folders a part works on; tests give their own. */
export interface Host {
  /** The clone of the repository (or the installed package). */
  root: string;
  /** The `.windlass` folder. */
  home: string;
  /** Holds what clones share: `${XDG_CACHE_HOME:-~/.cache}/windlass`. */
  cache: string;
  /** As the process environment. */
  env: NodeJS.ProcessEnv;
  platform: NodeJS.Platform;
  /** True where system packages may be installed without asking. */
  superuser: boolean;
}

export function thisHost(env: NodeJS.ProcessEnv = process.env): Host {
  const root = resolve(import.meta.dirname, "../..");
  return {
    root,
    home: resolve(env.WINDLASS_HOME ?? join(root, ".windlass")),
    cache: join(env.XDG_CACHE_HOME ?? join(userHome() ?? join(root, ".tools"), ".cache"), "windlass"),
    env,
    platform: process.platform,
    superuser: process.getuid?.() === 0,
  };
}

/** The user's home folder; none for an account without one. */
function userHome(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** Where `name` is found on PATH, leaving out the folders given. */
export function onPath(host: Host, name: string, except: string[] = []): string | undefined {
  return (host.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !except.includes(resolve(folder)))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
