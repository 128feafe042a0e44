import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLUGINS, type PluginName, sdkVersion } from "./versions.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/**
 * Puts a launcher for each bundled plugin into the engine's plugin cache, in the version the SDK asks for; quick when they are there.
 * @param pulumiHome the engine's PULUMI_HOME: a private one, for launchers take the place of downloaded plugins
 * @param nodePath the Node to run them with
 */
export function installPlugins(pulumiHome: string, nodePath: string): void {
  const compiled = join(pulumiHome, "compiled");
  for (const name of Object.keys(PLUGINS) as PluginName[]) {
    const folder = join(pulumiHome, "plugins", `resource-${name}-v${sdkVersion(name)}`);
    const file = join(folder, `pulumi-resource-${name}`);
    const script = launcher(name, nodePath, compiled);
    if (contentOf(file) === script) continue;
    mkdirSync(folder, { recursive: true });
    writeWhole(file, script);
  }
}

function launcher(name: PluginName, nodePath: string, compiled: string): string {
  const command = [nodePath, "--disable-warning=ExperimentalWarning", MAIN, name].map(quoted).join(" ");
  const cache = `[ -n "\${NODE_COMPILE_CACHE+set}" ] || export NODE_COMPILE_CACHE=${quoted(compiled)}`;
  return `#!/bin/sh\n${cache}\nexec ${command} "$@"\n`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Two commands may do this at once: each reader sees the old launcher or the new one, whole. */
function writeWhole(file: string, text: string): void {
  const part = `${file}.${process.pid}`;
  writeFileSync(part, text);
  chmodSync(part, 0o755);
  renameSync(part, file);
}
