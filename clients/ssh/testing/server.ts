import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { AddressInfo } from "node:net";
import ssh2, { type Connection, type ServerChannel, type SFTPWrapper } from "ssh2";
import { generateKeyPair, publicKeyLine } from "../key.ts";

/** A real ssh server on loopback: commands run in bash on this machine, files are this machine's. For tests. */
export interface TestServer {
  port: number;
  /** The host key line it shows. */
  hostKey: string;
  /** Commands it was asked to run, in order. */
  commands: string[];
  /** Connections that came so far. */
  connections(): number;
  /** Cuts every connection, as a lost network would. */
  cut(): void;
  /** From now on, file writes beyond that many bytes in all fail. */
  limitWrites(bytes: number): void;
  close(): Promise<void>;
}

/** How a test server differs from a plain one. */
export interface TestServerOptions {
  port?: number;
  /** What is run in place of a command. @default the command */
  rewrite?: (command: string) => string;
}

/** Starts one that lets in whoever holds the private half of that public key. */
export async function startTestServer(authorizedKey: string, options: TestServerOptions = {}): Promise<TestServer> {
  const host = generateKeyPair();
  const allowed = Buffer.from(authorizedKey.split(/\s+/)[1] ?? "", "base64");
  const commands: string[] = [];
  const clients = new Set<Connection>();
  let connections = 0;
  const budget = { bytes: Number.POSITIVE_INFINITY };
  const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
    clients.add(client);
    connections += 1;
    (client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on("close", () => clients.delete(client));
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (context.method !== "publickey" || !context.key.data.equals(allowed)) return context.reject(["publickey"]);
      context.accept();
    });
    client.on("session", (accept) => {
      const session = accept();
      session.on("exec", (acceptExec, _reject, info) => {
        commands.push(info.command);
        run(acceptExec(), ["-c", options.rewrite?.(info.command) ?? info.command]);
      });
      session.on("pty", (acceptPty) => acceptPty?.());
      session.on("shell", (acceptShell) => run(acceptShell(), []));
      session.on("sftp", (acceptSftp) => serveFiles(acceptSftp(), budget));
    });
  });
  await new Promise<void>((ready) => server.listen(options.port ?? 0, "127.0.0.1", ready));
  const parsed = ssh2.utils.parseKey(host.public);
  if (parsed instanceof Error) throw parsed;
  const blob = (Array.isArray(parsed) ? parsed[0] : parsed)?.getPublicSSH() as Buffer;
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: publicKeyLine(blob),
    commands,
    connections: () => connections,
    cut: () => {
      for (const client of clients) (client as unknown as { _sock: { destroy(): void } })._sock.destroy();
    },
    limitWrites: (bytes) => {
      budget.bytes = bytes;
    },
    close: () => new Promise((done) => server.close(() => done())),
  };
}

function run(channel: ServerChannel, args: string[]): void {
  const child = spawn("bash", args, { stdio: "pipe", detached: true });
  channel.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  channel.on("error", () => undefined);
  child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
  const end = () => {
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      channel.end();
    }
  };
  channel.on("close", end);
  (channel as unknown as NodeJS.EventEmitter).on("signal", end);
  child.on("close", (code, signal) => {
    if (signal) channel.exit(signal.slice(3) as never);
    else channel.exit(code ?? 1);
    channel.end();
  });
}

/** The part of the file transfer protocol that the client uses. */
function serveFiles(sftp: SFTPWrapper, budget: { bytes: number }): void {
  const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;
  const handles = new Map<number, number>();
  const fd = (handle: Buffer) => handles.get(handle.readUInt32BE(0)) as number;
  const attempt = (id: number, work: () => void) => {
    try {
      work();
    } catch (error) {
      sftp.status(
        id,
        (error as NodeJS.ErrnoException).code === "ENOENT" ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE,
      );
    }
  };
  sftp.on("OPEN", (id, path, flags) =>
    attempt(id, () => {
      const write = flags & OPEN_MODE.WRITE;
      const file = openSync(path, write ? (flags & OPEN_MODE.TRUNC ? "w" : "r+") : "r");
      handles.set(file, file);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(file);
      sftp.handle(id, handle);
    }),
  );
  sftp.on("FSTAT", (id, handle) => {
    const { size, mode } = fstatSync(fd(handle));
    sftp.attrs(id, { size, mode, uid: 0, gid: 0, atime: 0, mtime: 0 });
  });
  sftp.on("READ", (id, handle, offset, length) => {
    const block = Buffer.alloc(length);
    const bytes = readSync(fd(handle), block, 0, length, offset);
    if (bytes === 0) sftp.status(id, STATUS_CODE.EOF);
    else sftp.data(id, block.subarray(0, bytes));
  });
  sftp.on("WRITE", (id, handle, offset, block) => {
    budget.bytes -= block.length;
    if (budget.bytes < 0) return sftp.status(id, STATUS_CODE.FAILURE);
    writeSync(fd(handle), block, 0, block.length, offset);
    sftp.status(id, STATUS_CODE.OK);
  });
  sftp.on("CLOSE", (id, handle) => {
    closeSync(fd(handle));
    sftp.status(id, STATUS_CODE.OK);
  });
}
