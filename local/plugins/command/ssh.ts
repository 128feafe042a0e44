import type { Client, ClientChannel, ConnectConfig, SFTPWrapper } from "ssh2";
import type { Call } from "../engine/provider.ts";
import { pause } from "../engine/wait.ts";
import type { Connection } from "./connection.ts";

/** Between dials: starts short, for a host that is about to come up, and grows. */
const FIRST_REDIAL_MS = 250;
const LONGEST_REDIAL_MS = 5_000;

/** A dial that need not be tried again: the host is another one than expected, or it refuses the key. */
class Refused extends Error {}

/** Connects, through the proxy if there is one; dials again as often as the connection allows. */
export async function dial(connection: Connection, call: Call): Promise<Client> {
  if (!connection.proxy) return redial(connection, call, "Dial", () => connectOnce(connection));
  const proxy = await redial(connection.proxy, call, "Dial proxy", () => connectOnce(connection.proxy as Connection));
  try {
    const target = await redial(connection, call, "Dial from proxy", async () =>
      connectOnce(connection, await tunnel(proxy, connection)),
    );
    target.on("close", () => proxy.end());
    return target;
  } catch (error) {
    proxy.end();
    throw error;
  }
}

async function redial(connection: Connection, call: Call, what: string, once: () => Promise<Client>): Promise<Client> {
  const limit = connection.dialErrorLimit < 0 ? Number.POSITIVE_INFINITY : connection.dialErrorLimit;
  for (let failures = 1, delay = FIRST_REDIAL_MS; ; failures++, delay = Math.min(delay * 1.5, LONGEST_REDIAL_MS)) {
    try {
      return await once();
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason;
      const reason = (error as Error).message;
      if (error instanceof Refused) throw error;
      if (failures > limit) {
        throw new Error(`ssh ${nameOf(connection)}: ${reason} (after ${failures} dials)`, { cause: error });
      }
      call.log.status(
        `${what} ${nameOf(connection)} ${failures}/${limit === Number.POSITIVE_INFINITY ? "inf" : limit} failed: ${reason}, retrying`,
      );
      await pause(delay, call.signal);
    }
  }
}

function nameOf({ user, host, port }: Connection): string {
  return `${user}@${host}:${port}`;
}

/** ssh2 is loaded when it is needed: most starts of the plugin never dial. */
async function connectOnce(connection: Connection, sock?: ClientChannel): Promise<Client> {
  const { default: ssh2 } = await import("ssh2");
  const client = new ssh2.Client();
  const verdict: { hostKey?: string } = {};
  const expected =
    connection.hostKey === undefined ? undefined : parsedHostKey(connection.hostKey, ssh2.utils.parseKey);
  return new Promise((resolve, reject) => {
    const give = (error: Error & { level?: string }): void => {
      client.end();
      reject(explained(error, connection, verdict.hostKey));
    };
    // Without it Nagle's algorithm adds 40 ms to every step of the handshake.
    client.on("connect", () => void client.setNoDelay(true));
    client.on("error", give);
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) =>
      answer(prompts.map(() => connection.password ?? "")),
    );
    client.on("ready", () => {
      client.off("error", give);
      // A connection that breaks later ends its channels, and those say so.
      client.on("error", () => {});
      resolve(client);
    });
    try {
      client.connect({
        ...configOf(connection, expected),
        sock,
        hostVerifier: (key: Buffer) => {
          const matches = expected === undefined || key.equals(expected.blob);
          if (!matches) verdict.hostKey = key.toString("base64");
          return matches;
        },
      });
    } catch (error) {
      reject(new Refused(`ssh ${nameOf(connection)}: ${(error as Error).message}`));
    }
  });
}

interface HostKey {
  type: string;
  blob: Buffer;
}

function parsedHostKey(line: string, parse: typeof import("ssh2").utils.parseKey): HostKey {
  const key = parse(line.trim());
  const first = Array.isArray(key) ? key[0] : key;
  if (!first || first instanceof Error) {
    throw new Refused("hostKey is not an OpenSSH public key, as in `ssh-ed25519 AAAA...`");
  }
  return { type: first.type, blob: first.getPublicSSH() };
}

function configOf(connection: Connection, expected: HostKey | undefined): ConnectConfig {
  const agent = connection.agentSocketPath ?? process.env.SSH_AUTH_SOCK;
  return {
    host: connection.host,
    port: connection.port,
    username: connection.user,
    privateKey: connection.privateKey,
    passphrase: connection.privateKeyPassword,
    password: connection.password,
    tryKeyboard: connection.password !== undefined,
    agent: agent || undefined,
    readyTimeout: connection.perDialTimeout * 1000,
    keepaliveInterval: 15_000,
    algorithms: expected && { serverHostKey: hostKeyAlgorithms(expected.type) },
  };
}

/** An RSA key signs under three names. */
function hostKeyAlgorithms(type: string) {
  return (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type]) as never;
}

/** ssh2 says only that verification failed; and a key that is refused stays refused. */
function explained(error: Error & { level?: string }, connection: Connection, shownKey: string | undefined): Error {
  if (shownKey !== undefined) {
    return new Refused(
      `ssh ${nameOf(connection)}: the host key is not the expected one: the machine was rebuilt, or it is another one ` +
        `(expected ${connection.hostKey?.trim().split(/\s+/).slice(0, 2).join(" ")}, shown ${shownKey})`,
    );
  }
  return error;
}

function tunnel(proxy: Client, { host, port }: Connection): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    proxy.forwardOut("127.0.0.1", 0, host, port, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

/** The file transfer subsystem of a connection. */
export function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
}
