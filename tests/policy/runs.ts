import { readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Level } from "../../policy/rule.ts";
import { violationMessage } from "../../policy/run.ts";
import { type PackSettings, packConfig } from "../../policy/settings.ts";
import type { Declared, Outcome, Project } from "../engine/harness.ts";
import type { PolicyCase } from "./case.ts";
import { type BatchProgram, nameIn } from "./pack/apart.ts";

/** The pack, as Pulumi takes it. */
export const PACK = fileURLToPath(new URL("../../policy", import.meta.url));
/** The same rules, judging the programs of a batch one by one. */
const BATCH_PACK = fileURLToPath(new URL("pack", import.meta.url));

/** A violation as the engine tells it. */
export interface Told {
  policy: string;
  level: Level;
  severity: string;
  /** Name of the resource. */
  resource: string;
  message: string;
}

/** The violations among the events of a command that ran with `--json`. */
export function violationsIn({ text }: Outcome): Told[] {
  const events = text.split("\n").filter((line) => line.startsWith('{"'));
  return events
    .map((line) => JSON.parse(line).policyEvent)
    .filter((event) => event !== undefined)
    .map(({ policyName, enforcementLevel, severity, resourceUrn, message }) => ({
      policy: policyName,
      level: enforcementLevel,
      severity,
      resource: String(resourceUrn ?? "")
        .split("::")
        .at(-1) as string,
      message: violationMessage(message),
    }));
}

/** Flags that make a command judge with the pack. */
export function judged(project: Project, policies: PackSettings["policies"] = {}, pack = PACK): string[] {
  const file = join(project.dir, "policy-settings.json");
  writeFileSync(file, JSON.stringify(packConfig({ policies })));
  return ["--policy-pack", pack, "--policy-pack-config", file];
}

/** Cases by rule id, from the files beside this one. */
export async function allCases(): Promise<Map<string, readonly PolicyCase[]>> {
  const folder = resolve(import.meta.dirname);
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !["case.ts", "runs.ts"].includes(file));
  const lists = files.sort().map(async (file) => {
    const { cases } = (await import(join(folder, file))) as { cases: readonly PolicyCase[] };
    return [file.replace(/\.ts$/, ""), cases] as const;
  });
  return new Map(await Promise.all(lists));
}

/** Previews several programs at once, each judged by itself. */
export async function previewBatch(
  project: Project,
  programs: readonly (BatchProgram & { resources: readonly Declared[] })[],
): Promise<Outcome> {
  const renamed = programs.flatMap(({ resources }, index) =>
    resources.map((one) => moved(one, (name) => nameIn(index, name))),
  );
  project.declare(...renamed);
  const batch = programs.map(({ rule, settings, beside }): BatchProgram => ({ rule, settings, beside }));
  writeFileSync(join(project.dir, "policy-cases.json"), JSON.stringify(batch));
  return project.pulumi(["preview", "--json", "--non-interactive", "--policy-pack", BATCH_PACK], {
    env: { POLICY_CASES: join(project.dir, "policy-cases.json") },
  });
}

/** The same resource under another name, referring to others under theirs. */
function moved({ name, type, args, options }: Declared, rename: (name: string) => string): Declared {
  const { dependsOn, provider, ...others } = options ?? {};
  return {
    name: rename(name),
    type,
    args: references(args, rename) as Declared["args"],
    options: {
      ...others,
      ...(dependsOn ? { dependsOn: (dependsOn as string[]).map(rename) } : {}),
      ...(provider ? { provider: rename(provider as string) } : {}),
    },
  };
}

function references(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => references(one, rename));
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).map(([key, part]) => {
    const refers = key === "$ref" || key === "$number";
    return [key, refers && typeof part === "string" ? rename(part) : references(part, rename)];
  });
  return Object.fromEntries(parts);
}
