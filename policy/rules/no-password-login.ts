import { z } from "zod";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { passwordLogins } from "../password-login.ts";
import { resourceRule, type Subject } from "../rule.ts";
import { DROPLET_TYPES, dropletInputs } from "../user-data.ts";

export const rule = resourceRule({
  id: "no-password-login",
  title: "droplets are logged in to with keys, never with passwords",
  reason:
    "Without a key DigitalOcean mails a root password to everybody who reads the account's mail, and sshd takes passwords; with one it is off from the start (docs.digitalocean.com: reset root passwords, lost ssh keys). A password can be guessed or read over a shoulder, a key cannot.",
  fix: "give sshKeys the id of an SshKey; leave ssh_pwauth, lock_passwd and chpasswd out of the cloud-config, and PasswordAuthentication at no",
  severity: "critical",
  types: DROPLET_TYPES,
  settings: z.object({}),
  judge(resource) {
    const inputs = dropletInputs(resource);
    if (!inputs) return ["dropletTemplate is not known before the update"];
    const { values, path } = inputs;
    const { userData } = values;
    const keys = keyProblem(values.sshKeys, path, resource);
    if (isUnknown(userData)) return [...keys, `${path}userData is not known before the update, and may turn it on`];
    const logins = typeof userData === "string" ? passwordLogins(userData) : [];
    return [...keys, ...logins.map(({ what, place }) => `${path}userData ${what} (${place})`)];
  },
});

/** A list that is not known but was made from an SshKey of the program has a key. */
function keyProblem(keys: unknown, path: string, { propertyDependencies }: Subject): string[] {
  if (isUnknown(keys)) {
    const sources = propertyDependencies?.[path ? "dropletTemplate" : "sshKeys"] ?? [];
    if (sources.some((urn) => urn.includes("digitalocean:index/sshKey:SshKey::"))) return [];
    return [`${path}sshKeys is not known before the update, and may be empty`];
  }
  if (Array.isArray(keys) && keys.length > 0) return [];
  return [`${path}sshKeys is empty: a root password is mailed, and asked for over ssh`];
}
