import { generateKeyPair, type KeyPair } from "../key.ts";

/** A fresh pair that touches no file, its public line without a comment. For tests. */
export function newKeyPair(): KeyPair {
  const pair = generateKeyPair();
  return { privateKey: pair.private, publicKey: pair.public.split(" ").slice(0, 2).join(" ") };
}
