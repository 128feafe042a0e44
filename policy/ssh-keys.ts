import { createHash } from "node:crypto";

/** How one public key may be written: `SHA256:...`, and 16 pairs of hexadecimal digits, which is what DigitalOcean calls it by. */
export interface Fingerprints {
  sha256: string;
  md5: string;
}

/** Public keys in a text, in OpenSSH's format: a type and the key in base64. */
const PUBLIC_KEY =
  /\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d{3}|sk-[\w-]+@openssh\.com)\s+(AAAA[A-Za-z0-9+/]{16,}={0,3})/g;

const MD5 = /^(?:MD5:)?([0-9a-f]{2}(?::[0-9a-f]{2}){15})$/i;
const SHA256 = /^SHA256:[A-Za-z0-9+/]{43}=?$/;

/** Fingerprints of the public keys in a text, as `ssh-keygen -l` gives them. */
export function publicKeysIn(text: string): Fingerprints[] {
  return [...text.matchAll(PUBLIC_KEY)].map(([, body]) => {
    const bytes = Buffer.from(body as string, "base64");
    const md5 = createHash("md5").update(bytes).digest("hex").match(/../g) as string[];
    return {
      md5: md5.join(":"),
      sha256: `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`,
    };
  });
}

/** A key by which two spellings of it are equal: a public key, either fingerprint, or DigitalOcean's number. Undefined where it is none. */
export function keyNames(written: string): string[] | undefined {
  const text = written.trim();
  if (/^\d+$/.test(text)) return [text];
  const md5 = MD5.exec(text)?.[1];
  if (md5) return [md5.toLowerCase()];
  if (SHA256.test(text)) return [text.replace(/=+$/, "")];
  const key = publicKeysIn(text)[0];
  return key && [key.md5, key.sha256];
}
