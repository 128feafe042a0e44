import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { pulumiCommand } from "../engine/command.ts";
import { engineEnvironment } from "../engine.ts";
import type { OperationOptions } from "../progress.ts";
import { OWN_ROOT } from "../target.ts";
import { type Comparison, planOf, previewFailed } from "./documents.ts";

export interface ProjectOptions {
  /** Folder of the Pulumi project. */
  root: string;
  stack?: string;
  /** `local`: with the bundled plugins, without an account. */
  cloud?: string;
  home?: string;
}

/** The stack that a project is priced as when it has none of its own yet. */
const FIRST_STACK = "dev";

/**
 * Runs `pulumi preview --json` in any project of this engine, in the environment of the caller. A stack that does not exist yet is
 * priced from nothing, with its state in a folder that is thrown away. Nothing in the project is changed.
 */
export async function previewProject(
  options: ProjectOptions & OperationOptions,
): Promise<Comparison & { stack?: string }> {
  const root = resolve(options.root);
  if (!["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"].some((name) => existsSync(join(root, name)))) {
    const details = {
      reason: `no Pulumi.yaml in ${root}`,
      suggestion: "name the folder of a Pulumi project with --cwd",
    };
    throw new UserError("UsageError", details, { exitCode: 2 });
  }
  const scratch = mkdtempSync(join(tmpdir(), "windlass-cost-"));
  try {
    return await preview({ ...options, root, scratch });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function preview(options: ProjectOptions & OperationOptions & { root: string; scratch: string }) {
  const { root, scratch, stack } = options;
  const { command } = await pulumiCommand(root, { logFile: join(scratch, "log") });
  const run = (args: string[], env: Record<string, string>) => runPulumi(command, args, { ...options, env });
  const own = await environment({ ...options, command });
  if (options.cloud !== "local") {
    const found = await run(["preview", "--json", "--show-sames", ...configured(root, scratch, stack)], own);
    if (!isWithoutStack(found)) return { ...read(found, root), ...(stack ? { stack } : {}) };
  }
  const name = stack ?? FIRST_STACK;
  const env = {
    PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "preview",
    ...own,
    PULUMI_BACKEND_URL: `file://${scratch}`,
  };
  const made = await keepingFile(join(root, `Pulumi.${name}.yaml`), join(scratch, `Pulumi.${name}.yaml`), () =>
    run(["stack", "init", name, "--no-select"], env),
  );
  if (made.code !== 0) throw previewFailed(made.stderr || made.stdout);
  const plan = await run(
    ["preview", "--json", "--show-sames", "--stack", name, "--config-file", join(scratch, `Pulumi.${name}.yaml`)],
    env,
  );
  return { ...read(plan, root), stack: name };
}

/** The engine writes into the stack's config what it misses there; it gets a copy. */
function configured(root: string, scratch: string, stack: string | undefined): string[] {
  if (!stack) return [];
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) return ["--stack", stack];
  const copy = join(scratch, `Pulumi.${stack}.yaml`);
  copyFileSync(file, copy);
  return ["--stack", stack, "--config-file", copy];
}

async function environment({
  root,
  home,
  cloud,
  ...options
}: ProjectOptions & OperationOptions & { scratch: string; command: string }) {
  const where = resolve(home ?? process.env.WINDLASS_HOME ?? join(OWN_ROOT, ".windlass"));
  if (cloud !== "local") {
    const tools = [dirname(options.command), dirname(process.execPath)];
    return { PATH: [...tools, process.env.PATH ?? ""].join(delimiter), PULUMI_SKIP_UPDATE_CHECK: "true" };
  }
  const { installBundledPlugins, startLocalCloud } = await import("../local-cloud.ts");
  await installBundledPlugins(where);
  await startLocalCloud({ ...(options.onEvent ? { onEvent: options.onEvent } : {}), home: where });
  return engineEnvironment({ root, home: where, cloud: "local", backend: `file://${options.scratch}` });
}

/** Lets the engine have its way with a file, keeps what it made of it elsewhere, and puts the file back as it was. */
async function keepingFile<T>(file: string, copy: string, work: () => Promise<T>): Promise<T> {
  const before = existsSync(file) ? readFileSync(file) : undefined;
  try {
    return await work();
  } finally {
    if (existsSync(file)) copyFileSync(file, copy);
    if (before) writeFileSync(file, before);
    else rmSync(file, { force: true });
  }
}

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function isWithoutStack({ code, stdout, stderr }: Outcome): boolean {
  return (
    code !== 0 &&
    /no stack named|no stack selected|no current stack|if you're using the --stack flag/i.test(stdout + stderr)
  );
}

function read({ code, stdout, stderr }: Outcome, root: string): Comparison {
  const start = stdout.indexOf("{");
  let document: unknown;
  try {
    document = JSON.parse(stdout.slice(start));
  } catch {
    throw previewFailed(stderr || stdout || `pulumi ended with ${code}`);
  }
  const plan = planOf(document, `the preview in ${root}`);
  if (code !== 0) throw previewFailed(stderr || `pulumi ended with ${code}`);
  return plan;
}

function runPulumi(
  command: string,
  args: string[],
  { root, env, signal }: { root: string; env: Record<string, string>; signal?: AbortSignal },
): Promise<Outcome> {
  const { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: _oneDocument, ...inherited } = process.env;
  const child = spawn(command, [...args, "--non-interactive"], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(signal ? { signal, killSignal: "SIGINT" as const } : {}),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ code, stdout, stderr }));
  });
}
