import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import ssh2 from "ssh2";
import { UserError } from "../../domain/errors.ts";

/** A key pair in OpenSSH's formats. */
export interface KeyPair {
  /** PEM text; secret. */
  privateKey: string;
  /** One line: `ssh-ed25519 AAAA... comment`. */
  publicKey: string;
}

/**
 * Reads the pair of a private key file (`~` is the home folder), its public half taken from the private one, so that the two cannot differ.
 * Throws UserError `ConfigInvalid` where the file is missing, no key, or locked with a passphrase.
 */
export function readKeyPair(path: string): KeyPair {
  const file = path.replace(/^~(?=\/|$)/, homedir());
  let privateKey: string;
  try {
    privateKey = readFileSync(file, "utf8");
  } catch (error) {
    throw keyProblem(path, "there is no readable file", `make one with: ssh-keygen -t ed25519 -f ${path}`, error);
  }
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) {
    const locked = /passphrase/i.test(parsed.message);
    const reason = locked ? "the key is locked with a passphrase" : `not a private key (${parsed.message})`;
    const fix = locked
      ? "use a key without one, kept readable for you alone"
      : "name the private half, not the .pub file";
    throw keyProblem(path, reason, fix, parsed);
  }
  const key = (Array.isArray(parsed) ? parsed[0] : parsed) as ssh2.ParsedKey;
  if (!key.isPrivateKey()) throw keyProblem(path, "this is a public key", "name the private half, without .pub");
  return { privateKey, publicKey: `${key.type} ${key.getPublicSSH().toString("base64")}` };
}

/** Makes an ed25519 pair at that path, unless one is there, and reads it. The private file is for its owner alone (0600). */
export function ensureKeyPair(path: string, comment: string): KeyPair {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const pair = generateKeyPair(comment);
    const next = `${path}.${process.pid}.next`;
    writeFileSync(next, pair.private, { mode: 0o600 });
    try {
      // Whole or not at all, and never over another process's.
      linkSync(next, path);
      writeFileSync(`${path}.pub`, `${pair.public}\n`, { mode: 0o644 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(next, { force: true });
    }
  }
  return readKeyPair(path);
}

/** A fresh ed25519 pair. ssh2 makes an unreadable one about once in 200 times (measured with 1.17.0): such a one is thrown away. */
export function generateKeyPair(comment = ""): { private: string; public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

/** OpenSSH's SHA-256 fingerprint of a public key line: `SHA256:...`. */
export function keyFingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.trim().split(/\s+/)[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The public key line of a key blob as it goes over the wire. */
export function publicKeyLine(blob: Buffer): string {
  const length = blob.readUInt32BE(0);
  return `${blob.toString("latin1", 4, 4 + length)} ${blob.toString("base64")}`;
}

/** Where a relative key path starts: the project's root. */
export function keyPath(root: string, path: string): string {
  return path.startsWith("/") || path.startsWith("~") ? path : join(root, path);
}

function keyProblem(path: string, reason: string, suggestion: string, cause?: unknown): UserError {
  return new UserError("ConfigInvalid", { reason: `ssh key ${path}: ${reason}`, suggestion, file: path }, { cause });
}
