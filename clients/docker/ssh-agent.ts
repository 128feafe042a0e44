import { spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex } from "node:stream";
import { UserError } from "../../domain/errors.ts";

/** Connections that may be under way to one host: sshd begins to drop them at ten (MaxStartups) where nobody says otherwise. */
const STARTING = 6;

/** Connections to a Docker engine, each through an `ssh` of its own: what `docker -H ssh://` does. */
export function sshAgent(url: string, sshOpts: readonly string[]): Agent {
  const words = sshWords(url, sshOpts);
  const waiting: (() => void)[] = [];
  let starting = 0;
  const next = () => {
    if (starting < STARTING && waiting.length > 0) {
      starting += 1;
      waiting.shift()?.();
    }
  };
  const started = () => {
    starting -= 1;
    next();
  };
  class SshAgent extends Agent {
    override createConnection(_options: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined {
      waiting.push(() => done?.(null, connection(words, started)));
      next();
      return undefined;
    }
  }
  return new SshAgent({ keepAlive: false });
}

/** The arguments of `ssh` that run a command there. Throws `UserError` `ConfigInvalid` where the address is none. */
export function sshWords(url: string, sshOpts: readonly string[] = [], command = "docker system dial-stdio"): string[] {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (!address?.hostname || (address.pathname !== "" && address.pathname !== "/") || address.hostname.startsWith("-"))
    throw new UserError("ConfigInvalid", {
      reason: `${url} is no ssh address`,
      suggestion: "write ssh://USER@HOST:PORT",
    });
  const host = address.hostname.replace(/^\[(.*)\]$/, "$1");
  return [
    ...(address.username ? ["-l", decodeURIComponent(address.username)] : []),
    ...(address.port ? ["-p", address.port] : []),
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=15",
    ...sshOpts,
    "--",
    host,
    command,
  ];
}

/** Ends when `ssh` does: with what it has said, where it failed. @param started called once, when the other side answers or the connection ends */
function connection(words: readonly string[], started: () => void): Duplex {
  const child = spawn("ssh", words, { stdio: ["pipe", "pipe", "pipe"] });
  const stream = new Duplex({
    read: () => child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      child.stdin.write(chunk, () => done());
    },
    final: (done) => {
      child.stdin.end(() => done());
    },
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  let said = "";
  child.stdin.on("error", () => {});
  let first = true;
  const answered = () => {
    if (first) started();
    first = false;
  };
  child.once("close", answered).once("error", answered).stdout.once("data", answered);
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(-2000);
  });
  child.on("error", (error) => stream.destroy(error));
  child.on("close", (code) => {
    if (code) stream.destroy(new Error(`ssh ended with ${code}: ${said.trim()}`));
    else stream.push(null);
  });
  // What Node's HTTP client asks of a socket.
  const nothing = () => stream;
  return Object.assign(stream, {
    setKeepAlive: nothing,
    setNoDelay: nothing,
    setTimeout: nothing,
    ref: nothing,
    unref: nothing,
  });
}
