import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The plugins that are bundled, each with the npm package of the SDK it stands in for. */
export const PLUGINS = {
  digitalocean: "@pulumi/digitalocean",
  command: "@pulumi/command",
  docker: "@pulumi/docker",
  cloudflare: "@pulumi/cloudflare",
} as const;

export type PluginName = keyof typeof PLUGINS;

/** The engine takes a plugin only in the version of the SDK, so that is the version the plugin says it has. */
export function sdkVersion(name: PluginName): string {
  const file = createRequire(import.meta.url).resolve(`${PLUGINS[name]}/package.json`);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version.replace(/^v/, "");
}
