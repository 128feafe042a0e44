import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, FINGERPRINT } from "./parts/machines.ts";

const OWN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPxXXXCJPgzBGq5QB9pr5dQLyky11rvxDWpEuqpZsonM staging";
const PROD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE4KxzrZJ9YJsGJkqpHV4jiXdeE3dytR0OIutpwJfLQ1";
const PROD_MD5 = "97:1f:2d:ec:d9:6f:f0:4a:97:00:46:5c:b8:2d:42:44";

/** The same for all, so that one preview judges them. */
const settings = {
  otherKeys: { prod: [PROD, "512190"], ci: ["SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"] },
};

function sshKey(publicKey: unknown): Declared {
  return { name: "key", type: "digitalocean:SshKey", args: { name: "case", publicKey } };
}

const authorized = (key: string) => `#cloud-config\nusers:\n  - name: app\n    ssh_authorized_keys: ["${key}"]\n`;

export const cases: PolicyCases = [
  {
    name: "the public key of production",
    settings,
    bad: [sshKey(`${PROD} copied for staging`)],
    good: [sshKey(OWN)],
    differs: "a key of its own",
  },
  {
    name: "a public key that is not known before the update",
    settings,
    bad: [command, sshKey({ $ref: "command.stdout" })],
    good: [command, sshKey(OWN)],
    differs: "the key is known",
  },
  {
    name: "a droplet with the fingerprint of production's key",
    settings,
    bad: [droplet({ sshKeys: [FINGERPRINT, PROD_MD5] })],
    good: [droplet({ sshKeys: [FINGERPRINT] })],
    differs: "without that key",
  },
  {
    name: "a droplet with the number of production's key",
    settings,
    bad: [droplet({ sshKeys: ["512190"] })],
    good: [droplet({ sshKeys: ["512191"] })],
    differs: "another number",
  },
  {
    name: "production's key in the user data",
    settings,
    bad: [droplet({ userData: authorized(PROD) })],
    good: [droplet({ userData: authorized(OWN) })],
    differs: "a key of its own",
  },
  {
    name: "a pool with the fingerprint of production's key",
    settings,
    bad: [autoscalePool({ targetNumberInstances: 2 }, { sshKeys: [PROD_MD5] })],
    good: [autoscalePool({ targetNumberInstances: 2 }, { sshKeys: [FINGERPRINT] })],
    differs: "another key",
  },
];
