import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import ssh2, { type Connection as ServerConnection, type Session, type SFTPWrapper } from "ssh2";

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

export interface TestHostOptions {
  /** The one user's password. */
  password?: string;
  /** The one public key that is let in, in OpenSSH form. */
  publicKey?: string;
  /** Connections that are cut before anything is said. */
  refuseFirst?: number;
  /** Variables that are accepted. */
  acceptEnv?: string[];
  /** Sessions that one connection may have at once; sshd's MaxSessions. @default any number */
  maxSessions?: number;
  /** Where `/` is for file transfers. */
  root?: string;
}

/** A host in this process that runs what it is told to with `sh`: for tests of what goes over ssh. */
export interface TestHost {
  port: number;
  /** Its public key in OpenSSH form. */
  hostKey: string;
  /** Connections that came. */
  connections: number;
  close(): Promise<void>;
}

export async function testHost(options: TestHostOptions = {}): Promise<TestHost> {
  const keys = keyPair();
  const live = new Set<ServerConnection>();
  const host: TestHost = { port: 0, hostKey: keys.public, connections: 0, close };
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    host.connections++;
    live.add(client);
    client.on("error", () => {}).on("close", () => live.delete(client));
    client.on("authentication", (context) => {
      if (context.username !== "root") return context.reject();
      if (context.method === "password" && options.password === context.password) return context.accept();
      if (context.method === "publickey" && options.publicKey && isKey(context.key.data, options.publicKey))
        return context.accept();
      context.reject(["password", "publickey"]);
    });
    let sessions = 0;
    client.on("ready", () =>
      client.on("session", (accept, reject) => {
        if (sessions >= (options.maxSessions ?? Number.POSITIVE_INFINITY)) return reject();
        sessions++;
        serve(
          accept().on("close", () => sessions--),
          options,
        );
      }),
    );
    client.on("tcpip", (accept, _reject, { destPort }) => forward(accept(), destPort));
  });
  // ssh2 shows the raw socket only here; without setNoDelay every answer is 40 ms late.
  let left = options.refuseFirst ?? 0;
  (server as unknown as { _srv: import("node:net").Server })._srv.prependListener("connection", (socket) => {
    socket.setNoDelay(true);
    if (left-- > 0) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host.port = (server.address() as { port: number }).port;
  return host;

  async function close(): Promise<void> {
    for (const client of live) client.end();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function isKey(data: Buffer, line: string): boolean {
  const key = ssh2.utils.parseKey(line);
  return !(key instanceof Error) && data.equals((Array.isArray(key) ? key[0]! : key).getPublicSSH());
}

async function forward(channel: import("ssh2").ServerChannel, port: number): Promise<void> {
  const { connect } = await import("node:net");
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => channel.close());
  channel.pipe(socket).pipe(channel);
}

function serve(session: Session, options: TestHostOptions): void {
  const env: Record<string, string> = {};
  session.on("env", (accept, _reject, info) => {
    const { key, val } = info as unknown as { key: string; val: string };
    if (options.acceptEnv?.includes(key)) env[key] = val;
    (accept as undefined | (() => void))?.();
  });
  session.on("exec", (accept, _reject, { command }) => {
    const channel = accept();
    const child = spawn("sh", ["-c", command], { env: { PATH: process.env.PATH, ...env }, detached: true });
    channel.pipe(child.stdin.on("error", () => {}));
    child.stdout.on("data", (chunk) => channel.write(chunk));
    child.stderr.on("data", (chunk) => channel.stderr.write(chunk));
    child.on("close", (code, signal) => {
      if (signal) channel.exit(signal.replace("SIG", "") as never);
      else channel.exit(code ?? 0);
      channel.end();
    });
  });
  session.on("sftp", (accept) => serveFiles(accept(), options.root ?? "/nowhere"));
}

/** Enough of SFTP to write files and make folders. */
function serveFiles(sftp: SFTPWrapper, root: string): void {
  const files = new Map<number, number>();
  const reply = (id: number, work: () => void): void => {
    try {
      work();
      sftp.status(id, STATUS_CODE.OK);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      sftp.status(id, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, (error as Error).message);
    }
  };
  const stat = (id: number, path: string): void => {
    try {
      sftp.attrs(id, statSync(join(root, path)) as never);
    } catch {
      sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    }
  };
  sftp.on("OPEN", (id, path, flags) => {
    try {
      const file = openSync(join(root, path), flags & OPEN_MODE.TRUNC ? "w" : "r+");
      files.set(file, file);
      sftp.handle(id, Buffer.from([file]));
    } catch (error) {
      sftp.status(id, STATUS_CODE.FAILURE, (error as Error).message);
    }
  });
  sftp.on("WRITE", (id, handle, offset, data) =>
    reply(id, () => void writeSync(handle[0]!, data, 0, data.length, offset)),
  );
  sftp.on("CLOSE", (id, handle) => reply(id, () => closeSync(handle[0]!)));
  sftp.on("FSETSTAT", (id) => reply(id, () => {}));
  sftp.on("STAT", stat).on("LSTAT", stat);
  sftp.on("MKDIR", (id, path) => reply(id, () => mkdirSync(join(root, path))));
}

/** A fresh pair; ssh2 makes an unreadable one about once in 200 times (measured with 1.17.0), which is thrown away. */
export function keyPair(passphrase?: string): { private: string; public: string } {
  for (;;) {
    const pair =
      passphrase === undefined
        ? ssh2.utils.generateKeyPairSync("ed25519")
        : ssh2.utils.generateKeyPairSync("ed25519", { passphrase, cipher: "aes256-ctr", rounds: 1 });
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
}
