import ssh2 from "ssh2";
import type { KeyPair } from "../key.ts";

/** A fresh pair that touches no file, its public line without a comment. For tests. */
export function newKeyPair(): KeyPair {
  const pair = ssh2.utils.generateKeyPairSync("ed25519");
  return { privateKey: pair.private, publicKey: pair.public.split(" ").slice(0, 2).join(" ") };
}
