import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ensureKeyPair } from "../../clients/ssh/key.ts";
import { UserError } from "../../domain/errors.ts";
import type { StackConfig } from "../../stacks/config.ts";
import { accountToken } from "../engine.ts";
import type { Target, TargetOptions } from "../target.ts";

/** A stack for a drill: the same program in a folder of its own, so that files and selection of the project stay as they are. */
export interface Scratch {
  options: Required<Pick<TargetOptions, "root" | "home" | "stack" | "cloud">>;
  keyFile: string;
}

/** Keys that the scratch stack has otherwise, or not at all: what is another's, what would act by itself, what only backups may bring. */
const LEFT_OUT = [
  "vpcId",
  "vpcIpRange",
  "volumeId",
  "reservedIp",
  "dataSource",
  "dataTarget",
  "trainingCommand",
  "stopHook",
  "prometheusUrl",
];
const OFF = [
  "autoShutdownHours",
  "expireStoppedDays",
  "maxLifetimeHours",
  "watchAlarmHours",
  "backupEveryHours",
  "volumeSnapshotEveryHours",
];

/** Writes it. A drill that was killed left it behind under the same names, so the next one takes it up and removes it. Throws `UsageError`, `PrecheckFailed`. */
export function makeScratch(target: Target, config: StackConfig): Scratch {
  refuse(target, config);
  const stack = `${target.stack}-drill`;
  const root = join(target.home, "drill", stack);
  const keyFile = join(target.home, "keys", stack);
  ensureKeyPair(keyFile, `windlass ${stack}`);
  linkProject(target.root, root);
  const values: Record<string, string> = { ...target.config.values };
  for (const key of LEFT_OUT) delete values[key];
  for (const key of OFF) values[key] = "off";
  const { repositoryUrl } = values;
  if (repositoryUrl?.startsWith(".")) values.repositoryUrl = resolve(target.root, repositoryUrl);
  const names = { nodeName: `${config.nodeName}-drill`, volumeName: `${config.volumeName}-drill`, sshKeyFile: keyFile };
  const all = { ...values, ...names, project: config.project, cloud: target.cloud };
  const namespaced = Object.entries(all).map(([key, value]) => [`windlass:${key}`, value]);
  writeFileSync(
    join(root, `Pulumi.${stack}.yaml`),
    `${JSON.stringify({ config: Object.fromEntries(namespaced) }, null, 2)}\n`,
  );
  return { options: { root, home: target.home, stack, cloud: target.cloud }, keyFile };
}

function refuse(target: Target, config: StackConfig): void {
  if (!config.bootstrap) {
    const reason =
      "windlass:bootstrap is false, so a node of this stack cannot be reached over ssh and nothing can be restored to it";
    throw new UserError("UsageError", { reason, suggestion: "set windlass:bootstrap to true" }, { exitCode: 2 });
  }
  if (accountToken(target.cloud, target.home) || target.cloud === "local") return;
  throw new UserError("PrecheckFailed", {
    check: "token",
    reason: "the scratch stack of a drill cannot read the token in this stack's config",
    suggestion: "export DIGITALOCEAN_TOKEN",
  });
}

/** The program is the project's own; what it reads beside itself is linked. */
function linkProject(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const text = existsSync(join(from, "package.json")) ? readFileSync(join(from, "package.json"), "utf8") : "{}";
  const { main = "index.ts" } = JSON.parse(text) as { main?: string };
  const own = new Set(["package.json", "package-lock.json", "index.ts", "tsconfig.json"]);
  for (const name of readdirSync(from)) {
    if (name.startsWith(".") || own.has(name) || /^Pulumi\..+\.yaml$/.test(name) || existsSync(join(to, name)))
      continue;
    symlinkSync(join(from, name), join(to, name));
  }
  writeFileSync(join(to, "package.json"), JSON.stringify({ name: "drill", type: "module", main: "index.ts" }));
  writeFileSync(join(to, "index.ts"), `export * from ${JSON.stringify(resolve(from, main))};\n`);
}

/** Takes the empty stack, its folder and its key away. */
export async function removeScratch({ options, keyFile }: Scratch): Promise<void> {
  const { resolveTarget } = await import("../target.ts");
  const { openStack } = await import("../engine/stack.ts");
  const { stack } = await openStack(resolveTarget(options), "remove", {}, { create: true });
  await stack.workspace.removeStack(options.stack);
  rmSync(options.root, { recursive: true, force: true });
  for (const file of [keyFile, `${keyFile}.pub`]) rmSync(file, { force: true });
}
