import { expect, test } from "vitest";
import { sshFailure } from "./ssh-failure.ts";

/** As OpenSSH 9.2 says it. */
const CHANGED = `The fingerprint for the ED25519 key sent by the remote host is
SHA256:gdxvYWvfzISyeUiQ0kTKRscGDuzX9FZrWtBpZI6ieyg.\r
Add correct host key in /etc/ssh/ssh_known_hosts to get rid of this message.\r
Offending ED25519 key in /etc/ssh/ssh_known_hosts:7\r
Host key for [nas]:2222 has changed and you have requested strict checking.\r
Host key verification failed.`;

test("a changed host key is told with its place and how to forget it", () => {
  expect(sshFailure("ssh://nas:2222", CHANGED)).toMatchObject({
    code: "SSHConnectionFailed",
    details: {
      kind: "host-key-changed",
      reason:
        "ssh://nas:2222: the host key has changed: it shows SHA256:gdxvYWvfzISyeUiQ0kTKRscGDuzX9FZrWtBpZI6ieyg, which is not the one in /etc/ssh/ssh_known_hosts:7",
      suggestion: expect.stringContaining("ssh-keygen -f /etc/ssh/ssh_known_hosts -R '[nas]:2222'"),
    },
  });
});

test.each([
  [
    "No ED25519 host key is known for nas and you have requested strict checking.\r\nHost key verification failed.",
    "host-key-unknown",
  ],
  ["root@nas: Permission denied (publickey).", "auth-failed"],
])("%s", (said, kind) => {
  expect(sshFailure("ssh://nas", said)?.details).toMatchObject({ kind, host: "ssh://nas" });
});

test("anything else is not ssh's", () => {
  expect(sshFailure("ssh://nas", "bash: docker: command not found")).toBeUndefined();
});
