import { readFileSync } from "node:fs";
import type { StackConfig } from "../stacks/config.ts";
import { exportDotenv, importDotenv } from "../stacks/dotenv.ts";
import { openStack } from "./engine/stack.ts";
import { stackConfig } from "./prepare.ts";
import { resolveTarget, type TargetOptions } from "./target.ts";

export interface ConfigShown {
  stack: string;
  file: string;
  /** Everything, with the defaults filled in. */
  config: StackConfig;
  /** Keys that the file sets itself. */
  set: string[];
  /** Full keys that are encrypted; their values are never shown. */
  secrets: string[];
}

/** The stack's config, checked. Throws `ConfigInvalid` with every problem. */
export function showConfig(options: TargetOptions = {}): ConfigShown {
  const target = resolveTarget(options);
  return {
    stack: target.stack,
    file: target.config.source.file,
    config: stackConfig(target),
    set: Object.keys(target.config.values),
    secrets: target.config.secrets,
  };
}

/** Sets values of the stack's config (keys without a namespace are `windlass:`); a list is JSON or comma separated. The result is checked. */
export async function setConfig(
  options: TargetOptions & { values: Record<string, string>; secrets?: Record<string, string> },
): Promise<ConfigShown> {
  const target = resolveTarget(options);
  const { stack } = await openStack(target, "config", {}, { create: true });
  const full = (key: string) => (key.includes(":") ? key : `windlass:${key}`);
  const plain = Object.entries(options.values).map(([key, value]) => [full(key), { value }] as const);
  const secret = Object.entries(options.secrets ?? {}).map(
    ([key, value]) => [full(key), { value, secret: true }] as const,
  );
  await stack.setAllConfig(Object.fromEntries([...plain, ...secret]));
  return showConfig(options);
}

/** Takes a `.env` file into the stack's config; the token is encrypted. Throws `ConfigInvalid` for lines that mean nothing. */
export async function importConfig(options: TargetOptions & { file: string }): Promise<ConfigShown> {
  const { values, secrets } = importDotenv(readFileSync(options.file, "utf8"), options.file);
  return setConfig({ ...options, values, secrets });
}

/** The stack's config as a `.env` file; secrets only when asked for. */
export async function exportConfig(options: TargetOptions & { showSecrets?: boolean }): Promise<string> {
  const target = resolveTarget(options);
  const values = Object.fromEntries(
    Object.entries(target.config.values).map(([key, value]) => [`windlass:${key}`, value]),
  );
  const secrets: Record<string, string> = {};
  if (options.showSecrets && target.config.secrets.length > 0) {
    const { stack } = await openStack(target, "config", {});
    for (const key of target.config.secrets) secrets[key] = (await stack.getConfig(key)).value;
  }
  return exportDotenv({ values, secrets });
}
