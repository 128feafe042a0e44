import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import type { Connection } from "../command/connection.ts";
import { dial } from "../command/ssh.ts";
import type { Call } from "../engine/provider.ts";
import { knownHostKey, sshOptionsOf } from "./known-hosts.ts";

/** What a user may do on the other machine: the engine's socket is reached by the `docker` command there, as Docker's own client does. */
const DIAL_ENGINE = "docker system dial-stdio";

/** Dials of a host that is there but slow to come up; Docker's own client tries once. */
const DIALS = 2;

/** Channels of one ssh connection: sshd allows ten (MaxSessions) where nobody says otherwise. */
const CHANNELS = 8;

/**
 * A session counts at the host until its command has ended there, which may be later than here: a channel that is refused is asked for again, over
 * another connection.
 */
const TRIES = 5;

/** An ssh connection, and how many channels it has or is about to have. */
interface Line {
  client: Promise<Client>;
  channels: number;
}

/**
 * Connections to a Docker engine over ssh: a channel for each HTTP connection, and as few ssh connections as these need.
 * @param url as in `ssh://root@nas:22`
 * @throws Error when the host's key is not known, or an option is not understood
 */
export function sshAgent(url: string, sshOpts: readonly string[], call: Call): Agent {
  const connection = connectionTo(url, sshOpts);
  const lines = new Set<Line>();

  /** A connection that broke is made again; one that could not be made is tried anew by the next request. */
  function freeLine(): Line {
    for (const one of lines) if (one.channels < CHANNELS) return one;
    const made: Line = { channels: 0, client: dial(connection, call) };
    lines.add(made);
    const gone = () => lines.delete(made);
    made.client.then((client) => client.once("close", gone), gone);
    return made;
  }

  /** A connection that has given all its sessions takes no more, and ends with the last of them. */
  function retire(line: Line): void {
    lines.delete(line);
    if (line.channels === 0) line.client.then((client) => client.end()).catch(() => {});
  }

  async function channel(tries = TRIES): Promise<ClientChannel> {
    const line = freeLine();
    line.channels += 1;
    const release = () => {
      line.channels -= 1;
      if (!lines.has(line)) retire(line);
    };
    try {
      const opened = await engineChannel(await line.client);
      return opened.once("close", release);
    } catch (error) {
      const isRefused = /channel open failure/i.test((error as Error).message);
      if (isRefused) lines.delete(line);
      release();
      if (!isRefused || tries === 1) throw error;
      return channel(tries - 1);
    }
  }

  class SshAgent extends Agent {
    override createConnection(_options: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined {
      channel().then(
        (opened) => done?.(null, asSocket(opened)),
        (error: Error) => done?.(error, undefined as never),
      );
      return undefined;
    }
  }
  return new SshAgent();
}

/** @throws Error */
export function connectionTo(url: string, sshOpts: readonly string[]): Connection {
  const { hostname, port, username, pathname } = new URL(url);
  if (pathname && pathname !== "/") throw new Error(`host ${url}: a path is not supported for ssh`);
  const options = sshOptionsOf(sshOpts);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const portNumber = Number(port) || options.port || 22;
  const hostKey = knownHostKey(options.knownHostsFiles, host, portNumber);
  if (!hostKey && options.strict) {
    throw new Error(
      `ssh ${host}:${portNumber}: the host key is not in ${options.knownHostsFiles.join(" or ")}: add it there ` +
        `(ssh-keyscan -p ${portNumber} ${host}, after comparing it with the host's own), or name another file with ` +
        `sshOpts ["-o", "UserKnownHostsFile=FILE"]`,
    );
  }
  return {
    host,
    port: portNumber,
    user: decodeURIComponent(username) || options.user || process.env.USER || "root",
    privateKey: options.identityFile === undefined ? undefined : readFileSync(options.identityFile, "utf8"),
    hostKey,
    dialErrorLimit: DIALS,
    perDialTimeout: 15,
  };
}

function engineChannel(client: Client): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(DIAL_ENGINE, (error, channel) => {
      if (error) return reject(error);
      let said = "";
      channel.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      channel.on("exit", (code: number | null) => {
        if (code) channel.emit("error", new Error(`${DIAL_ENGINE} ended with ${code}: ${said.trim().slice(0, 300)}`));
      });
      resolve(channel);
    });
  });
}

/** What Node's HTTP client asks of a socket and a channel does not have. */
function asSocket(channel: ClientChannel): Duplex {
  const nothing = () => channel;
  return Object.assign(channel, {
    setKeepAlive: nothing,
    setNoDelay: nothing,
    setTimeout: nothing,
    ref: nothing,
    unref: nothing,
  });
}
