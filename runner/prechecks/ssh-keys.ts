import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { ensureKeyPair, keyFingerprint, keyPath, readKeyPair } from "../../clients/ssh/key.ts";
import { UserError } from "../../domain/errors.ts";
import { readStackFile } from "../../stacks/config-source.ts";
import type { Target } from "../target.ts";
import type { Finding, Subject } from "./index.ts";

/** The stack's key: there, ours alone, and usable. On the local way one is made where the config names none. */
export function checkSshKey({ target, config }: Subject): Finding {
  const name = "ssh key";
  const path = keyFile(target, config.sshKeyFile);
  const own = config.cloud === "local" && target.config.values.sshKeyFile === undefined;
  try {
    const pair = own ? ensureKeyPair(path, `windlass ${target.stack}`) : readKeyPair(path);
    const mode = statSync(path).mode & 0o777;
    if (mode & 0o077) {
      const text = `${path} can be read by others (mode ${mode.toString(8)})`;
      return { name, state: "failed", text, fix: `run: chmod 600 ${path}` };
    }
    return { name, state: "ok", text: `${path}, ${keyFingerprint(pair.publicKey)}` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      name,
      state: "failed",
      text: error.details.reason,
      ...(error.details.suggestion ? { fix: error.details.suggestion } : {}),
    };
  }
}

/** A key that opens dev must not open prod: no two stacks may share one. */
export function checkKeysDiffer({ target, config }: Subject): Finding {
  const name = "key of this stack alone";
  const own = publicKey(target, config.sshKeyFile);
  const others = otherStacks(target).filter((stack) => {
    const file = readStackFile(target.root, stack).values.sshKeyFile;
    return own !== undefined && file !== undefined && publicKey(target, file) === own;
  });
  if (others.length === 0) return { name, state: "ok", text: "no other stack uses the key" };
  const fix = `make one for this stack: ssh-keygen -t ed25519 -N '' -f ~/.ssh/windlass-${target.stack}, and set windlass:sshKeyFile`;
  return { name, state: "failed", text: `stack ${others.join(", ")} uses the same ssh key`, fix };
}

/** The public keys that other stacks of the project use, by stack, as far as this machine has them. */
export function otherStackKeys(target: Target): Record<string, readonly string[]> {
  const known = otherStacks(target).flatMap((stack) => {
    const file = readStackFile(target.root, stack).values.sshKeyFile;
    const key = file === undefined ? undefined : publicKey(target, file);
    return key === undefined ? [] : [[stack, [key]] as const];
  });
  return Object.fromEntries(known);
}

function otherStacks(target: Target): string[] {
  return readdirSync(target.root).flatMap((file) => {
    const stack = /^Pulumi\.([A-Za-z0-9._-]+)\.yaml$/.exec(file)?.[1];
    return stack && stack !== target.stack ? [stack] : [];
  });
}

function publicKey(target: Target, file: string): string | undefined {
  const path = keyFile(target, file);
  if (!existsSync(path)) return undefined;
  try {
    return readKeyPair(path).publicKey;
  } catch {
    return undefined;
  }
}

function keyFile(target: Target, path: string): string {
  return keyPath(target.root, path).replace(/^~(?=\/|$)/, homedir());
}
