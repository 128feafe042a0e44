import type { EngineAddress } from "./engine.ts";
import type { CommandResult } from "./exec.ts";
import { hostCommand } from "./host-command.ts";

/** Milliseconds that a script on the Docker host may take. */
const TIMEOUT_MS = 30_000;

/**
 * Runs a script of `sh` on the machine that a Docker engine is on; its exit code is 127 where a program is not there. Undefined for tcp://, which
 * leads to the engine and no further. Throws as `hostCommand` does.
 */
export async function onDockerHost(address: EngineAddress, script: string): Promise<CommandResult | undefined> {
  if (!/^(unix|ssh):/.test(address.host)) return undefined;
  return hostCommand(address, ["sh", "-c", script], TIMEOUT_MS);
}
