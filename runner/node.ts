import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { SshConnection } from "../clients/ssh/connection.ts";
import { keyPath, readKeyPair } from "../clients/ssh/key.ts";
import type { Progress } from "../clients/ssh/progress.ts";
import type { TransferResult } from "../clients/ssh/transfer.ts";
import { connectToRunning } from "../clients/ssh/wait.ts";
import { UserError } from "../domain/errors.ts";
import type { NodeOutput } from "../domain/provision-result.ts";
import { formatBytes } from "../domain/units.ts";
import type { Deployment } from "./checkpoint.ts";
import { nodeNotFound, nodesOf, pinnedHostKey } from "./nodes.ts";
import { currentDeployment, stackConfig } from "./prepare.ts";
import type { OnEvent } from "./progress.ts";
import { resolveTarget, type Target, type TargetOptions } from "./target.ts";

export interface NodeOptions extends TargetOptions {
  /** Name of the node. @default the only one of the stack */
  node?: string;
  signal?: AbortSignal;
  onEvent?: OnEvent;
}

export interface ExecResult {
  node: string;
  /** Exit code; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Milliseconds for the ssh handshake. */
const SSH_TIMEOUT_MS = 30_000;

/**
 * Runs a shell command on the node. A failing command is a result, not an error. Throws `NotFound` when there is no such node and
 * `SSHConnectionFailed`.
 */
export async function nodeExec(
  options: NodeOptions & {
    command: string;
    /** Seconds. @default no limit */
    timeoutSeconds?: number;
    stdin?: string | Buffer;
    onStdout?: (chunk: Buffer) => void;
    onStderr?: (chunk: Buffer) => void;
  },
): Promise<ExecResult> {
  const { command, onStdout, onStderr, stdin } = options;
  return withNode(options, async (ssh, node) => {
    const timeoutMs = options.timeoutSeconds === undefined ? Number.POSITIVE_INFINITY : options.timeoutSeconds * 1000;
    const { code, stdout, stderr } = await ssh.exec(command, {
      timeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(stdin === undefined ? {} : { stdin }),
      ...(onStdout ? { onStdout } : {}),
      ...(onStderr ? { onStderr } : {}),
    });
    return { node: node.name, code, stdout, stderr };
  });
}

/** Sends a file or a folder to the node; what is there with the same checksum is not sent again. Throws `TransferFailed` too. */
export function nodePut(options: NodeOptions & { local: string; remote: string }): Promise<TransferResult> {
  return withNode(options, (ssh) => ssh.put(options.local, options.remote, transferOptions(options)));
}

/** Fetches a file or a folder from the node, with the same care. */
export function nodeGet(options: NodeOptions & { remote: string; local: string }): Promise<TransferResult> {
  return withNode(options, (ssh) => ssh.get(options.remote, options.local, transferOptions(options)));
}

function transferOptions({ signal, onEvent }: NodeOptions) {
  return {
    ...(signal ? { signal } : {}),
    onProgress: ({ files, totalFiles, bytes, totalBytes, bytesPerSecond }: Progress) =>
      onEvent?.({
        kind: "phase",
        text: `${files} of ${totalFiles} files, ${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${formatBytes(Math.round(bytesPerSecond))}/s`,
      }),
  };
}

/** A shell on the node, joined to this terminal until it ends; answers with its exit code. */
export function nodeShell(options: NodeOptions & { command?: string }): Promise<number> {
  const { command } = options;
  return withNode(options, (ssh) =>
    ssh.shell({ input: process.stdin, output: process.stdout, ...(command === undefined ? {} : { command }) }),
  );
}

/** Runs the system's `ssh` on the node, with the stack's key and its pinned host key; answers with its exit code. */
export async function nodeSsh(options: NodeOptions & { arguments?: readonly string[] }): Promise<number> {
  const { target, node } = await findNode(options);
  const folder = mkdtempSync(join(tmpdir(), "windlass-ssh-"));
  try {
    const child = spawn("ssh", [...sshArguments(target, node, folder), ...(options.arguments ?? [])], {
      stdio: "inherit",
    });
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(signal ? 255 : (code ?? 255)));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sshArguments(target: Target, node: NodeOutput, folder: string): string[] {
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, `${node.ipAddress} ${node.hostKey}\n`);
  const settings = {
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: "yes",
    IdentitiesOnly: "yes",
    IdentityFile: privateKeyFile(target),
    ConnectTimeout: String(SSH_TIMEOUT_MS / 1000),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return ["-F", "/dev/null", ...flags, `${node.sshUser}@${node.ipAddress}`];
}

/** Connects to the node for the time of the work. */
export async function withNode<T>(
  options: NodeOptions & { sshTimeoutMs?: number },
  work: (ssh: SshConnection, node: NodeOutput) => Promise<T>,
): Promise<T> {
  const { target, node } = await findNode(options);
  const ssh = await connectToRunning({
    host: node.ipAddress,
    user: node.sshUser,
    privateKey: readKeyPair(privateKeyFile(target)).privateKey,
    hostKey: node.hostKey,
    timeoutMs: options.sshTimeoutMs ?? SSH_TIMEOUT_MS,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  try {
    return await work(ssh, node);
  } finally {
    await ssh.close();
  }
}

/** The stack's private key on this machine. */
export function privateKeyFile(target: Target): string {
  return keyPath(target.root, stackConfig(target).sshKeyFile).replace(/^~(?=\/|$)/, homedir());
}

/** After an update that failed the key is only in the state of the step that pinned it, encrypted. */
async function withHostKey(target: Target, node: NodeOutput): Promise<NodeOutput> {
  if (node.hostKey !== "") return node;
  const { stack } = await (await import("./engine/stack.ts")).openStack(target, "export", {});
  const hostKey = pinnedHostKey((await stack.exportStack()).deployment as Deployment, node);
  if (hostKey) return { ...node, hostKey };
  const reason = `node ${node.name} has not been reached over ssh yet, so its host key is not known`;
  throw new UserError("SSHConnectionFailed", {
    ...{ host: node.ipAddress, user: node.sshUser, reason },
    suggestion: `run: windlass up --stack ${target.stack}`,
  });
}

/** The node asked for. Throws `NotFound`, naming those that there are. */
export async function findNode(options: NodeOptions): Promise<{ target: Target; node: NodeOutput }> {
  const target = resolveTarget(options);
  const deployment = await currentDeployment(target);
  const nodes = nodesOf(deployment, stackConfig(target).mountPoint);
  const node = options.node === undefined ? nodes[0] : nodes.find(({ name }) => name === options.node);
  if (node && (options.node !== undefined || nodes.length === 1))
    return { target, node: await withHostKey(target, node) };
  throw nodeNotFound(target.stack, deployment, options.node);
}
