import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { RegistryAuth } from "../settings.ts";
import { imageName, registryOf } from "./names.ts";

export interface Login {
  username: string;
  password: string;
  serveraddress: string;
}

/**
 * The login for an image's registry: what the provider says, else what `docker login` has left in its file; undefined for none.
 * Credential helpers are not asked.
 * @throws Error when a file that the provider names cannot be read
 */
export function loginFor(image: string, settings: readonly RegistryAuth[]): Login | undefined {
  const { registry } = imageName(image);
  const given = settings.find(({ address }) => registryOf(address) === registry);
  if (given?.authDisabled) return undefined;
  if (given?.username) {
    return { username: given.username, password: given.password ?? "", serveraddress: registryOf(given.address) };
  }
  if (given?.configFileContent) return inFile(given.configFileContent, registry);
  if (given?.configFile) return inFile(readFileSync(given.configFile.replace(/^~(?=\/)/, homedir()), "utf8"), registry);
  const usual = join(process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
  try {
    return inFile(readFileSync(usual, "utf8"), registry);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`${usual} cannot be read: ${(error as Error).message}`);
  }
}

function inFile(content: string, registry: string): Login | undefined {
  const { auths = {} } = JSON.parse(content) as { auths?: Record<string, { auth?: string }> };
  const entry = Object.entries(auths).find(([address]) => registryOf(address) === registry)?.[1];
  if (!entry?.auth) return undefined;
  const text = Buffer.from(entry.auth, "base64").toString();
  const at = text.indexOf(":");
  return { username: text.slice(0, at), password: text.slice(at + 1), serveraddress: registry };
}
