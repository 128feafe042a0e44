import { UserError } from "../../domain/errors.ts";

/**
 * What OpenSSH says where it does not get to an engine, in plain words; undefined for anything else.
 * @param host as in `ssh://root@nas`
 * @param said on stderr
 */
export function sshFailure(host: string, said: string): UserError | undefined {
  const failure = (kind: string, reason: string, suggestion: string) =>
    new UserError("SSHConnectionFailed", { kind, reason: `${host}: ${reason}`, suggestion, host });
  if (/has changed and you have requested strict checking/.test(said)) {
    const [, place = "known_hosts"] = /Offending .*key in (.+:\d+)/.exec(said) ?? [];
    const [, name = "HOST"] = /Host key for (\S+) has changed/.exec(said) ?? [];
    const [, shown = ""] = /(SHA256:[\w+/]+)/.exec(said) ?? [];
    return failure(
      "host-key-changed",
      `the host key has changed: it shows ${shown || "another"}, which is not the one in ${place}`,
      `if the machine was rebuilt on purpose, forget the old key: ssh-keygen -f ${place.replace(/:\d+$/, "")} -R '${name}'; else somebody may be in between`,
    );
  }
  if (/Host key verification failed/.test(said))
    return failure(
      "host-key-unknown",
      "the host key is not known here",
      "look at it once and accept it: ssh USER@HOST true",
    );
  if (/Permission denied/.test(said))
    return failure(
      "auth-failed",
      "it lets nobody in with the keys that ssh has tried",
      "name the key: --ssh-opt=-i --ssh-opt=FILE, or add it to your ssh agent",
    );
  return undefined;
}
