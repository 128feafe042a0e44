import ssh2 from "ssh2";
import { SSH } from "../resilience/policies.ts";
import { type Channel, Loss, limited } from "./channel.ts";
import { cancelled, classify, connectionFailed, type Destination, hostKeyChanged } from "./errors.ts";
import { type ExecOptions, type ExecResult, exec } from "./exec.ts";
import { keyFingerprint, publicKeyLine } from "./key.ts";
import { type ShellOptions, shell } from "./shell.ts";
import { type RemoteStreams, streams } from "./streams.ts";
import { download, type TransferOptions, type TransferResult, upload } from "./transfer.ts";

/** How to reach a machine. Exactly one of `hostKey` and `onFirstContact` decides whether it is the right one. */
export interface ConnectOptions {
  host: string;
  /** @default 22 */
  port?: number;
  /** @default "root" */
  user?: string;
  /** PEM text of the private key. */
  privateKey: string;
  /** The pinned public host key line; any other key is refused. */
  hostKey?: string;
  /** Asked once with the host key line the machine shows, where nothing is pinned yet; answer false to refuse. */
  onFirstContact?: (hostKey: string) => boolean;
  /** For the whole handshake, in milliseconds. @default 30000 */
  timeoutMs?: number;
  /** Between two signs of life, of which three may be missing, in milliseconds. @default 10000 */
  keepaliveMs?: number;
  signal?: AbortSignal;
}

/** One ssh connection, shared by any number of commands and transfers at the same time. */
export interface SshConnection {
  readonly to: Destination;
  /** The host key line the machine has shown. */
  readonly hostKey: string;
  /** Runs a command; see `exec.ts` for the limits. */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** Sends a file or a folder; what is already there with the same checksum is not sent again. */
  put(local: string, remote: string, options?: TransferOptions): Promise<TransferResult>;
  /** Fetches a file or a folder, with the same care. */
  get(remote: string, local: string, options?: TransferOptions): Promise<TransferResult>;
  /** Lends the machine's files as streams for the time of the work. */
  streams<T>(work: (remote: RemoteStreams) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** An interactive shell on the given terminal; answers with its exit code. */
  shell(options: ShellOptions): Promise<number>;
  close(): Promise<void>;
}

/** Channels open at once: sshd allows ten sessions on a connection (MaxSessions). */
const MOST_CHANNELS = 8;

/** Preferred order at first contact, so that the pinned key is the ed25519 one wherever there is one. */
const HOST_KEY_ORDER = ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"] as const;

/**
 * Connects. Throws UserError `SSHConnectionFailed` {host, port, user, kind, reason, suggestion} and `Cancelled`.
 */
export async function connect(options: ConnectOptions): Promise<SshConnection> {
  const to: Destination = { host: options.host, port: options.port ?? 22, user: options.user ?? "root" };
  const client = new ssh2.Client();
  const hostKey = await handshake(client, to, options);
  const loss = new Loss();
  const dead = watch(client, to);
  dead.catch((error: Error) => loss.report(error));
  const channels = limited(MOST_CHANNELS);
  const context: Channel = { client, to, dead, loss };
  return {
    to,
    hostKey,
    exec: (command, more = {}) => channels(() => exec(context, command, more)),
    put: (local, remote, more = {}) => upload({ ...context, channels }, local, remote, more),
    get: (remote, local, more = {}) => download({ ...context, channels }, remote, local, more),
    streams: (work, signal) => streams({ ...context, channels }, work, signal),
    shell: (more) => shell(context, more),
    close: () => closed(client, dead),
  };
}

function handshake(client: ssh2.Client, to: Destination, options: ConnectOptions): Promise<string> {
  const timeoutMs = options.timeoutMs ?? SSH.timeoutMs;
  let shown = "";
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      settle();
      client.destroy();
      reject(classify(to, error, timeoutMs));
    };
    const stop = () => fail(cancelled(`connecting to ${to.host}`));
    const late = setTimeout(() => fail({ level: "client-timeout" }), timeoutMs);
    const settle = () => {
      clearTimeout(late);
      options.signal?.removeEventListener("abort", stop);
    };
    if (options.signal?.aborted) return stop();
    options.signal?.addEventListener("abort", stop, { once: true });
    client.on("error", fail);
    client.on("close", () => fail({ message: "closed by the other side" }));
    client.on("ready", () => {
      settle();
      client.removeAllListeners("error").removeAllListeners("close");
      resolve(shown);
    });
    client.connect({
      host: to.host,
      port: to.port,
      username: to.user,
      privateKey: options.privateKey,
      readyTimeout: 0,
      keepaliveInterval: options.keepaliveMs ?? 10_000,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: algorithms(options.hostKey) },
      hostVerifier: (blob: Buffer) => {
        shown = publicKeyLine(blob);
        const verdict = judgeHostKey(to, shown, options);
        if (verdict) fail(verdict);
        return !verdict;
      },
    });
    client.setNoDelay(true);
  });
}

function judgeHostKey(to: Destination, shown: string, options: ConnectOptions): Error | undefined {
  if (options.hostKey !== undefined) {
    const same = options.hostKey.trim().split(/\s+/).slice(0, 2).join(" ") === shown;
    return same ? undefined : hostKeyChanged(to, keyFingerprint(options.hostKey), keyFingerprint(shown));
  }
  if (options.onFirstContact?.(shown)) return undefined;
  return connectionFailed(to, "closed", `host key ${keyFingerprint(shown)} is not known and was not accepted`);
}

/** A pinned key is asked for by its own type first; the rest follow, so that a changed key is seen and not a failed negotiation. */
function algorithms(hostKey: string | undefined): ssh2.ServerHostKeyAlgorithm[] {
  const pinned = hostKey?.trim().split(/\s+/)[0];
  const first = HOST_KEY_ORDER.filter((name) => name === pinned || (pinned === "ssh-rsa" && name.startsWith("rsa")));
  return [...new Set([...first, ...HOST_KEY_ORDER])];
}

function watch(client: ssh2.Client, to: Destination): Promise<never> {
  const dead = new Promise<never>((_, reject) => {
    const lost = (error?: Error) =>
      reject(connectionFailed(to, "lost", `connection lost${error ? ` (${error.message})` : ""}`, error));
    client.on("error", lost);
    client.on("close", () => lost());
  });
  return dead;
}

/** Ends in order where the other side is still there; one that has broken is closed already. */
function closed(client: ssh2.Client, dead: Promise<never>): Promise<void> {
  client.end();
  setTimeout(() => client.destroy(), 1000).unref();
  return dead.catch(() => undefined);
}
