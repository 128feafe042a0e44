import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../../domain/errors.ts";
import { pulumiCommand } from "../engine/command.ts";
import { type EngineReport, eventTracker, isRefusedByPolicy } from "../engine/events.ts";
import { engineEnvironment } from "../engine.ts";
import { windlassHome } from "../own-root.ts";
import type { OperationOptions } from "../progress.ts";
import { type Comparison, planOf, previewFailed } from "./documents.ts";

export interface ProjectOptions {
  /** Folder of the Pulumi project. */
  root: string;
  stack?: string;
  /** `local`: with the bundled plugins, without an account. */
  cloud?: string;
  home?: string;
}

/** A policy pack that judges the preview: its folder, and a file with its settings. */
export interface Judge {
  policyPacks: readonly string[];
  policyPackConfigs: readonly string[];
}

/** A project as it is and as it would be; with the engine's report where it was judged. */
export interface ProjectPreview extends Comparison {
  stack?: string;
  report?: EngineReport;
}

/** The stack that a project is priced as when it has none of its own yet. */
const FIRST_STACK = "dev";

/**
 * Runs `pulumi preview --json` in any project of this engine, in the environment of the caller. A stack that does not exist yet is
 * priced from nothing, with its state in a folder that is thrown away. Nothing in the project is changed. What a policy pack refuses is in
 * the report.
 */
export async function previewProject(
  options: ProjectOptions & OperationOptions & { judge?: Judge },
): Promise<ProjectPreview> {
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

async function preview(
  options: ProjectOptions & OperationOptions & { judge?: Judge; root: string; scratch: string },
): Promise<ProjectPreview> {
  const { root, scratch, stack } = options;
  const { command } = await pulumiCommand(root, { logFile: join(scratch, "log") });
  const run = (args: string[], env: Record<string, string>) => runPulumi(command, args, { ...options, env });
  const plan = (args: string[], env: Record<string, string>) =>
    run(["preview", "--json", "--show-sames", ...args], env);
  const own = await environment({ ...options, command });
  if (options.cloud !== "local") {
    const found = await judged(options, (args, env) =>
      plan([...configured(root, scratch, stack), ...args], { ...own, ...env }),
    );
    if (!isWithoutStack(found)) return { ...read(found, root), ...(stack ? { stack } : {}) };
  }
  const name = stack ?? FIRST_STACK;
  const env = {
    PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "preview",
    ...own,
    PULUMI_BACKEND_URL: `file://${scratch}`,
  };
  const config = join(scratch, `Pulumi.${name}.yaml`);
  const made = await keepingFile(join(root, `Pulumi.${name}.yaml`), config, () =>
    run(["stack", "init", name, "--no-select"], env),
  );
  if (made.code !== 0) throw previewFailed(made.stderr || made.stdout);
  const found = await judged(options, (args, more) =>
    plan(["--stack", name, "--config-file", config, ...args], { ...env, ...more }),
  );
  return { ...read(found, root), stack: name };
}

/** Runs a preview with the pack that judges it, if any; what the pack says comes in the engine's events. */
async function judged(
  { judge, scratch }: { judge?: Judge; scratch: string },
  run: (args: string[], env: Record<string, string>) => Promise<Outcome>,
): Promise<Outcome> {
  if (!judge) return run([], {});
  const log = join(scratch, "events");
  rmSync(log, { force: true });
  const packs = judge.policyPacks.flatMap((folder) => ["--policy-pack", folder]);
  const configs = judge.policyPackConfigs.flatMap((file) => ["--policy-pack-config", file]);
  // The flag that the Automation API reads events from; the variable lets it through.
  const found = await run([...packs, ...configs, "--event-log", log], { PULUMI_DEBUG_COMMANDS: "true" });
  const tracker = eventTracker(
    () => {},
    () => 0,
  );
  const lines = existsSync(log) ? readFileSync(log, "utf8").split("\n") : [];
  for (const line of lines) if (line.trim() !== "") tracker.handle(JSON.parse(line) as EngineEvent);
  return { ...found, report: tracker.report() };
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
  const where = windlassHome(home);
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
  report?: EngineReport;
}

function isWithoutStack({ code, stdout, stderr }: Outcome): boolean {
  return (
    code !== 0 &&
    /no stack named|no stack selected|no current stack|if you're using the --stack flag/i.test(stdout + stderr)
  );
}

function read({ code, stdout, stderr, report }: Outcome, root: string): Comparison & { report?: EngineReport } {
  const refused = report !== undefined && isRefusedByPolicy(report);
  const start = stdout.indexOf("{");
  let document: { diagnostics?: unknown };
  try {
    document = JSON.parse(stdout.slice(start)) as { diagnostics?: unknown };
  } catch {
    throw previewFailed(stderr || stdout || `pulumi ended with ${code}`);
  }
  const plan = planOf(refused ? { ...document, diagnostics: [] } : document, `the preview in ${root}`);
  if (code !== 0 && !refused) throw previewFailed(stderr || `pulumi ended with ${code}`);
  return { ...plan, ...(report ? { report } : {}) };
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
