import { readdirSync } from "node:fs";
import { keyPath, readKeyPair } from "../clients/ssh/key.ts";
import { UserError } from "../domain/errors.ts";
import { readStackFile } from "./config-source.ts";

/**
 * Refuses a key that another stack of this project uses too: whoever gets hold of a development key must not get into
 * production with it. Throws UserError `ConfigInvalid`; stacks whose key is not on this machine cannot be compared and pass.
 */
export function refuseSharedKey(publicKey: string, path: string, context: { stack: string; root: string }): void {
  for (const other of otherStacks(context)) {
    if (publicKeyOf(other, context.root) !== publicKey) continue;
    throw new UserError("ConfigInvalid", {
      reason: `ssh key ${path}: the stacks ${context.stack} and ${other} share it, which is refused`,
      suggestion: `make one for ${context.stack}: ssh-keygen -t ed25519 -f ~/.ssh/windlass-${context.stack}, and set windlass:sshKeyFile to it`,
    });
  }
}

function otherStacks(context: { stack: string; root: string }): string[] {
  const names = readdirSync(context.root).map((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1]);
  return names.filter((name): name is string => name !== undefined && name !== context.stack);
}

/** Undefined where the stack names no key, or its file or key cannot be read: that is for its own run to say. */
function publicKeyOf(stack: string, root: string): string | undefined {
  try {
    const path = readStackFile(root, stack).values.sshKeyFile;
    return path === undefined ? undefined : readKeyPair(keyPath(root, path)).publicKey;
  } catch {
    return undefined;
  }
}
