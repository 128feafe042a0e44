import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../../domain/errors.ts";
import { RUNNER_VARIABLE } from "../locks.ts";
import { OWN_ROOT } from "../own-root.ts";

/** The oldest minor version of Pulumi 3 whose flags and events the runner knows. */
const OLDEST_MINOR = 220;

export interface CommandOptions {
  /** The `.windlass` folder, where the version of the CLI is remembered: to ask for it is a start of the CLI. @default it is asked for */
  home?: string;
  /** Receives what the engine prints during an update. */
  logFile: string;
  /** Called before an update is started; what it answers is called with the process. */
  onStart?: () => (pid: number) => void;
  /** The second Ctrl-C. */
  killSignal?: AbortSignal;
}

/** One call of the CLI: its arguments, the folder, the environment beside ours. Rejects with `EngineExit` when it fails. */
export interface Pulumi extends PulumiCommand {
  run(
    args: string[],
    cwd: string,
    env: Record<string, string>,
  ): Promise<{ stdout: string; stderr: string; code: number }>;
}

/** Seconds between the second request to stop and the kill. */
const GRACE_SECONDS = 5;

/** Calls that the Automation API adds to each operation and the runner has no use for: a start of the CLI each. */
const NOT_NEEDED: readonly (readonly [string, string, string])[] = [
  ["stack", "output", "{}"],
  ["stack", "history", "[]"],
];

/** Updates print into the log; questions answer on stdout. */
const UPDATES = new Set(["up", "preview", "refresh", "destroy"]);

/**
 * The Pulumi CLI for the Automation API, with two differences to its own:
 * the engine runs in a process group of its own, so that a Ctrl-C in the terminal reaches it once and through us (twice would
 * make it drop what is in flight); and it prints into a file, so that it can finish and save its work when we die.
 */
export async function pulumiCommand(root: string, options: CommandOptions): Promise<Pulumi> {
  const command = await installedPulumi(root, options.home);
  return Object.assign(command, {
    run: (
      args: string[],
      cwd: string,
      env: Record<string, string>,
      _onOutput?: unknown,
      _onError?: unknown,
      signal?: AbortSignal,
    ) => run(command.command, args, { ...options, cwd, env, signal }),
  });
}

/** The pinned CLI of this machine, else one on PATH that is new enough. Throws `ToolMissing`. */
async function installedPulumi(root: string, home: string | undefined): Promise<PulumiCommand> {
  const folders = [join(root, ".tools", "pulumi"), join(OWN_ROOT, ".tools", "pulumi")];
  const folder = folders.find((candidate) => existsSync(join(candidate, "bin", "pulumi"))) ?? onPath();
  if (!folder) throw toolMissing("the Pulumi CLI is not installed");
  const command = await knownPulumi(join(folder, "bin", "pulumi"), home).catch((cause: Error) => {
    throw toolMissing(`the Pulumi CLI in ${folder} cannot be used: ${cause.message.split("\n")[0]}`, cause);
  });
  const version = command.version;
  if (version && version.major === 3 && version.minor < OLDEST_MINOR) {
    throw toolMissing(`the Pulumi CLI in ${folder} is ${version}, older than 3.${OLDEST_MINOR}`);
  }
  return command;
}

/** The CLI with its version: the one that the same file had before, else the one it tells. */
async function knownPulumi(path: string, home: string | undefined): Promise<PulumiCommand> {
  if (home === undefined) return PulumiCommand.get({ root: dirname(dirname(path)) });
  const { size, mtimeMs } = statSync(path);
  const file = join(home, "pulumi-version.json");
  const known = readKnown(file);
  if (known?.path === path && known.size === size && known.mtimeMs === mtimeMs) {
    // The SDK makes such objects only by asking; its own library reads the version.
    const { parse } = createRequire(sdkPath())("semver") as { parse(text: string): PulumiCommand["version"] };
    return Object.assign(Object.create(PulumiCommand.prototype), { command: path, version: parse(known.version) });
  }
  const command = await PulumiCommand.get({ root: dirname(dirname(path)) });
  const version = command.version?.toString();
  mkdirSync(home, { recursive: true });
  if (version) writeFileSync(file, JSON.stringify({ path, size, mtimeMs, version } satisfies KnownVersion));
  return command;
}

interface KnownVersion {
  path: string;
  size: number;
  mtimeMs: number;
  version: string;
}

function readKnown(file: string): KnownVersion | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as KnownVersion;
  } catch {
    // Not there, or another command is writing it.
    return undefined;
  }
}

function sdkPath(): string {
  return createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json");
}

function onPath(): string | undefined {
  const bin = (process.env.PATH ?? "").split(delimiter).find((path) => path && existsSync(join(path, "pulumi")));
  return bin && dirname(bin);
}

function toolMissing(reason: string, cause?: unknown): UserError {
  return new UserError(
    "ToolMissing",
    { tool: "pulumi", reason, suggestion: "run: windlass doctor --install" },
    { cause },
  );
}

interface RunOptions extends CommandOptions {
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal | undefined;
}

/** What a finished CLI said; thrown as it is when it failed. */
export class EngineExit extends Error {
  readonly code: number | null;
  readonly stdout: string;
  /** Of an update: everything it printed. */
  readonly stderr: string;

  constructor(command: string, code: number | null, stdout: string, stderr: string) {
    super(`pulumi ${command} ended with ${code}: ${stderr.trim().slice(-2000)}`);
    this.name = "EngineExit";
    this.code = code;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

async function run(binary: string, args: string[], options: RunOptions) {
  const skipped = NOT_NEEDED.find(([first, second]) => args[0] === first && args[1] === second);
  if (skipped) return { stdout: skipped[2], stderr: "", code: 0 };
  const update = UPDATES.has(args[0] ?? "");
  if (update) mkdirSync(dirname(options.logFile), { recursive: true });
  const log = update ? openSync(options.logFile, "a", 0o600) : undefined;
  const onStarted = update ? options.onStart?.() : undefined;
  const child = spawn(binary, [...args, "--non-interactive"], {
    cwd: options.cwd,
    env: environment(options.env),
    stdio: ["ignore", log ?? "pipe", log ?? "pipe"],
    detached: true,
  });
  if (log !== undefined) closeSync(log);
  if (child.pid) onStarted?.(child.pid);
  const { code, stdout, stderr } = await finished(child, options);
  const printed = update ? readFileSync(options.logFile, "utf8") : stderr;
  if (code !== 0) throw new EngineExit(args.slice(0, 2).join(" "), code, stdout, printed);
  return { stdout, stderr, code };
}

/** An empty setting takes one of the shell away. */
function environment(own: Record<string, string>): NodeJS.ProcessEnv {
  const runner = { [RUNNER_VARIABLE]: String(process.pid) };
  const all = Object.entries({ ...process.env, ...own, ...runner, PULUMI_AUTOMATION_API: "true" });
  return Object.fromEntries(all.filter(([name, value]) => value !== "" || !(name in own)));
}

async function finished(child: ChildProcess, options: RunOptions) {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (data: Buffer) => stdout.push(data));
  child.stderr?.on("data", (data: Buffer) => stderr.push(data));
  const release = stopOn(child, options);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(release);
  return { code, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") };
}

/** First signal: SIGINT, the engine finishes what is in flight. Second: SIGINT again, then the end of its process group. */
function stopOn(child: ChildProcess, { signal, killSignal }: RunOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => child.kill("SIGINT");
  const kill = () => {
    child.kill("SIGINT");
    timer = setTimeout(() => child.pid && process.kill(-child.pid, "SIGKILL"), GRACE_SECONDS * 1000);
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  killSignal?.addEventListener("abort", kill, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    killSignal?.removeEventListener("abort", kill);
  };
}
