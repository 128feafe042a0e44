import { flushCompileCache } from "node:module";
import type { Provider } from "./engine/provider.ts";
import { servePlugin } from "./engine/server.ts";
import { PLUGINS, type PluginName, sdkVersion } from "./versions.ts";

/**
 * Serves one plugin to the engine that started this process: `node main.ts NAME [engine flags] ENGINE-ADDRESS`.
 * The first line of stdout is the port. Ends when stdin does: the engine holds it open for as long as it lives.
 */
async function main([name, ...rest]: string[]): Promise<void> {
  if (!name || !(name in PLUGINS)) {
    process.stderr.write(`usage: main.ts ${Object.keys(PLUGINS).join("|")} [ENGINE-ADDRESS]\n`);
    process.exit(2);
  }
  const provider = await pluginOf(name as PluginName);
  const { port } = await servePlugin(provider, { engineAddress: rest.find((word) => !word.startsWith("-")) });
  process.stdout.write(`${port}\n`);
  process.stdin.on("end", () => process.exit(0)).resume();
  // The engine ends plugins with a signal, on which Node would not write it.
  setImmediate(flushCompileCache);
}

/** Each plugin loads only its own code: a process is started for every provider of every command. */
async function pluginOf(name: PluginName): Promise<Provider> {
  const version = sdkVersion(name);
  if (name === "digitalocean") return (await import("./digitalocean/provider.ts")).digitalOceanPlugin(version);
  if (name === "cloudflare") return (await import("./cloudflare/provider.ts")).cloudflarePlugin(version);
  if (name === "docker") return (await import("./docker/provider.ts")).dockerPlugin(version);
  return (await import("./command/provider.ts")).commandPlugin(version);
}

await main(process.argv.slice(2));
