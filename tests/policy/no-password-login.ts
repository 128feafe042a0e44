import { gzipSync } from "node:zlib";
import type { PolicyCases } from "./case.ts";
import { autoscalePool, command, droplet, FINGERPRINT } from "./parts/machines.ts";

const config = (text: string) => droplet({ userData: `#cloud-config\n${text}` });
const script = (text: string) => droplet({ userData: `#!/bin/sh\nset -e\n${text}\n` });

function packed(sshd: string): string {
  const content = gzipSync(sshd).toString("base64");
  return `write_files:\n  - path: /etc/ssh/sshd_config.d/1.conf\n    encoding: gz+b64\n    content: ${content}\n`;
}

const mime = (part: string) => `Content-Type: multipart/mixed; boundary="=====B"
MIME-Version: 1.0

--=====B
Content-Type: text/cloud-config

#cloud-config
${part}
--=====B--
`;

export const cases: PolicyCases = [
  {
    name: "a droplet without a key",
    bad: [droplet({ sshKeys: [] })],
    good: [droplet({ sshKeys: [FINGERPRINT] })],
    differs: "one key",
  },
  {
    name: "keys that are not known before the update",
    bad: [command, droplet({ sshKeys: { $ref: "command.stdout" } })],
    good: [command, droplet({ sshKeys: [{ $ref: "command.stdout" }] })],
    differs: "the list is known to hold a key, whichever it is",
  },
  {
    name: "a pool of droplets without a key",
    bad: [autoscalePool({ targetNumberInstances: 2 }, { sshKeys: [] })],
    good: [autoscalePool({ targetNumberInstances: 2 }, { sshKeys: [FINGERPRINT] })],
    differs: "one key",
  },
  {
    name: "a cloud-config that lets ssh ask for passwords",
    bad: [config("ssh_pwauth: true\n")],
    good: [config("ssh_pwauth: false\n")],
    differs: "ssh_pwauth is false",
  },
  {
    name: "a user whose password is not locked",
    bad: [config("users:\n  - { name: app, shell: /bin/bash, lock_passwd: false }\n")],
    good: [config("users:\n  - { name: app, shell: /bin/bash, lock_passwd: true }\n")],
    differs: "lock_passwd is true",
  },
  {
    name: "a password for root that cloud-init draws",
    bad: [config("chpasswd:\n  expire: false\n  users: [{ name: root, type: RANDOM }]\n")],
    good: [config("chpasswd:\n  expire: false\n")],
    differs: "no users",
  },
  {
    name: "a script that changes sshd's config",
    bad: [script("sed -i 's/PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config")],
    good: [script("sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config")],
    differs: "the change goes the other way",
  },
  {
    name: "a compressed file with sshd's config",
    bad: [config(packed("PasswordAuthentication yes\n"))],
    good: [config(packed("PasswordAuthentication no\n"))],
    differs: "one word in the file",
  },
  {
    name: "a part of a MIME archive",
    bad: [droplet({ userData: mime("ssh_pwauth: 'yes'") })],
    good: [droplet({ userData: mime("ssh_pwauth: 'no'") })],
    differs: "one word in the part",
  },
];
