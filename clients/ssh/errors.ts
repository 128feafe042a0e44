import { UserError } from "../../domain/errors.ts";

/** Why a connection did not come about; scripts may rely on these. */
export type FailureKind =
  | "timeout"
  | "refused"
  | "unreachable"
  | "no-such-host"
  | "closed"
  | "auth-failed"
  | "host-key-changed"
  | "lost";

/** Who was called. */
export interface Destination {
  host: string;
  port: number;
  user: string;
}

const SUGGESTIONS: Record<Exclude<FailureKind, "host-key-changed">, string> = {
  timeout: "check that the firewall lets your address in (windlass:sshAllowedAddresses) and that the droplet is active",
  refused: "the machine answers but no ssh server listens: wait until it has started, or look at the droplet's console",
  unreachable: "check your network and that the address still belongs to the droplet",
  "no-such-host": "check the spelling of the host name",
  closed: "the ssh server may still be starting: try again; else look at the droplet's console",
  "auth-failed": "use the private key that the stack was made with (windlass:sshKeyFile)",
  lost: "check the network and whether the droplet was restarted, then run the same command again: it goes on from there",
};

/** The error of a connection that failed for a known reason. */
export function connectionFailed(
  to: Destination,
  kind: Exclude<FailureKind, "host-key-changed">,
  reason: string,
  cause?: unknown,
): UserError {
  return new UserError("SSHConnectionFailed", { ...to, kind, reason, suggestion: SUGGESTIONS[kind] }, { cause });
}

/** The machine shows another host key than the one pinned at first contact: it was rebuilt, or it is another machine. */
export function hostKeyChanged(to: Destination, pinned: string, shown: string): UserError {
  return new UserError("SSHConnectionFailed", {
    ...to,
    kind: "host-key-changed",
    reason: `host key changed: pinned ${pinned}, shown ${shown}`,
    suggestion:
      "if the droplet was rebuilt on purpose, `windlass up` pins the new key; else somebody may be in between",
    pinned,
    shown,
  });
}

/** Makes one of ours from what ssh2 or the socket reported before the connection was ready. */
export function classify(to: Destination, error: unknown, timeoutMs: number): UserError {
  if (error instanceof UserError) return error;
  const { code, level, message } = error as { code?: string; level?: string; message?: string };
  if (level === "client-timeout" || code === "ETIMEDOUT")
    return connectionFailed(to, "timeout", `connection timeout after ${Math.round(timeoutMs / 1000)}s`, error);
  if (level === "client-authentication")
    return connectionFailed(to, "auth-failed", `${to.user} was not let in with this key`, error);
  if (code === "ECONNREFUSED") return connectionFailed(to, "refused", `connection refused on port ${to.port}`, error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return connectionFailed(to, "no-such-host", `no address for ${to.host}`, error);
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return connectionFailed(to, "unreachable", `no route to ${to.host}`, error);
  return connectionFailed(
    to,
    "closed",
    `connection closed during the handshake (${message ?? code ?? "no reason given"})`,
    error,
  );
}

/** The error of a stop that the user asked for. */
export function cancelled(what: string): UserError {
  return new UserError("Cancelled", {
    reason: `${what} was stopped`,
    suggestion: "run it again: it goes on from there",
  });
}
