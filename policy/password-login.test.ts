import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { passwordLogins } from "./password-login.ts";

const whats = (userData: string) => passwordLogins(userData).map(({ what }) => what);

const MIME = (body: string, encoding = "7bit") => `Content-Type: multipart/mixed; boundary="==B=="
MIME-Version: 1.0

--==B==
Content-Type: text/cloud-config; charset="us-ascii"
Content-Transfer-Encoding: ${encoding}

${body}
--==B==--
`;

test.each([
  ["cloud-config", "#cloud-config\nssh_pwauth: true\n"],
  ["YAML 1.1's yes", "#cloud-config\nssh_pwauth: yes\n"],
  ["a quoted true", "#cloud-config\nssh_pwauth: 'True'\n"],
  ["JSON", '#cloud-config\n{"ssh_pwauth": true}\n'],
  ["a jinja template", "## template: jinja\n#cloud-config\nssh_pwauth: true\n{% if x %}\n"],
  ["a part of a MIME archive", MIME("#cloud-config\nssh_pwauth: true\n")],
  ["a part in base64", MIME(btoa("#cloud-config\nssh_pwauth: true\n# padding for a longer line\n"), "base64")],
  [
    "an archive of cloud-configs",
    "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    ssh_pwauth: true\n",
  ],
])("ssh_pwauth is found in %s", (_, userData) => expect(whats(userData)).toEqual(["sets ssh_pwauth"]));

test.each([
  ["sets PasswordAuthentication to yes", 'echo "PasswordAuthentication yes" >> /etc/ssh/sshd_config'],
  [
    "sets PasswordAuthentication to yes",
    "sed -i 's/^#\\?PasswordAuthentication .*/PasswordAuthentication yes/' /etc/ssh/sshd_config",
  ],
  [
    "sets PasswordAuthentication to yes",
    "sed -i 's/PasswordAuthentication no/PasswordAuthentication yes/g' /etc/ssh/sshd_config",
  ],
  ["sets PasswordAuthentication to yes", "grep -q x f || echo PasswordAuthentication=yes >> f"],
  ["sets PasswordAuthentication to yes", "sshd -o PasswordAuthentication=yes"],
  [
    "lets sshd ask for passwords by keyboard-interactive",
    "echo KbdInteractiveAuthentication yes > /etc/ssh/sshd_config.d/1.conf",
  ],
  ["lets sshd take empty passwords", "  PermitEmptyPasswords yes"],
  ["sets a password with chpasswd", "echo root:$PASSWORD | chpasswd"],
  ["sets a password with chpasswd", "echo root:$PASSWORD | /usr/sbin/chpasswd -e"],
  ["unlocks or sets a password with passwd", "passwd -u root"],
  ["unlocks or sets a password with passwd", "echo $P | passwd --stdin app"],
  ["sets a password with usermod or useradd", "useradd -m -p $HASH app"],
  ["sets a password with usermod or useradd", "usermod --password=$HASH app"],
  ["unlocks a password with usermod", "usermod -U app"],
])("a script %s: %s", (what, line) => expect(whats(`#!/bin/sh\nset -e\n${line}\n`)).toEqual([what]));

test.each([
  ["the usual hardening", "sed -i 's/^#\\?PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config"],
  [
    "hardening with other delimiters",
    "sed -i 's|PasswordAuthentication yes|PasswordAuthentication no|' /etc/ssh/sshd_config",
  ],
  ["a line taken away", "sed -i '/PasswordAuthentication yes/d' /etc/ssh/sshd_config"],
  ["a check", "grep -q '^PasswordAuthentication yes' /etc/ssh/sshd_config && exit 1"],
  ["a check of the whole line", 'grep -q "PasswordAuthentication yes" /etc/ssh/sshd_config && exit 1'],
  ["a comment", "# PasswordAuthentication yes"],
  ["what is off in a file", "#PasswordAuthentication yes"],
  ["a written comment", 'echo "#PasswordAuthentication yes" >> notes'],
  ["no", "PasswordAuthentication no"],
  ["a user without a password", "useradd -m -s /bin/bash app && mkdir -p /srv/app"],
  ["a user whose password is locked", "usermod -p '*' app"],
  ["locking", "passwd -l root"],
  ["a file that is named so", "cp chpasswd.conf /etc/ && ls /etc/passwd -d"],
])("a script with %s passes: %s", (_, line) => expect(whats(`#!/bin/sh\n${line}\n`)).toEqual([]));

test("cloud-config sets passwords", () => {
  const told = ["sets passwords of users with chpasswd"];
  expect(whats("#cloud-config\nchpasswd:\n  list: |\n    root:RANDOM\n")).toEqual(told);
  expect(whats("#cloud-config\nchpasswd: { users: [{ name: app, type: RANDOM }], expire: false }\n")).toEqual(told);
  expect(whats("#cloud-config\nchpasswd: { expire: false }\n")).toEqual([]);
  expect(whats("#cloud-config\npassword: RANDOM\n")).toEqual(["sets a password for the default user"]);
  expect(whats(MIME("#cloud-config\nchpasswd:\n  list: [root:RANDOM]\n"))).toEqual(told);
  expect(whats("#cloud-config\nusers:\n  - { name: app, lock_passwd: false }\n")).toEqual([
    "unlocks the password of a user with lock_passwd",
  ]);
  expect(whats("#cloud-config\nusers:\n  - name: app\n    lock_passwd: true\nssh_pwauth: false\n")).toEqual([]);
  expect(whats("#cloud-config\nssh_pwauth: unchanged\ndisable_root: true\n")).toEqual([]);
});

test("what a file of the cloud-config packs is read too, and its line is told", () => {
  const conf = "# hardened by nobody\nPasswordAuthentication yes\n";
  const file = (content: string) =>
    `#cloud-config\nwrite_files:\n  - path: /etc/ssh/sshd_config.d/1.conf\n    encoding: gz+b64\n    content: ${content}\n`;
  const packed = [{ what: "sets PasswordAuthentication to yes", place: "what is packed at line 5" }];
  expect(passwordLogins(file(Buffer.from(conf).toString("base64")))).toEqual(packed);
  expect(passwordLogins(file(gzipSync(conf).toString("base64")))).toEqual(packed);
  const wrapped = Buffer.from(conf + "#".repeat(200))
    .toString("base64")
    .replace(/.{76}/g, "$&\n      ");
  expect(passwordLogins(file(`|\n      ${wrapped}`))).toEqual([{ ...packed[0], place: "what is packed at line 6" }]);
  expect(passwordLogins("#cloud-config\nruncmd:\n  - echo PasswordAuthentication yes > /x\n")[0]?.place).toBe("line 3");
  expect(passwordLogins(MIME("#cloud-config\nssh_pwauth: true\n"))[0]?.place).toBe("line 9");
});

test("64 KiB, the most that user data may have, are read at once, whatever they repeat", () => {
  for (const unit of [
    "usermod x ",
    "passwd ",
    "useradd -",
    "sed s/a",
    "grep ",
    "AAAA",
    "content-type: multipart/\n ",
  ]) {
    const started = process.cpuUsage();
    passwordLogins(unit.repeat(65_536 / unit.length));
    expect(process.cpuUsage(started).user, `microseconds for ${unit}`).toBeLessThan(2_000_000);
  }
});
