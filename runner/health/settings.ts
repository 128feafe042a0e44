import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../domain/errors.ts";
import { DEFAULT_RULES } from "../../domain/health/alert.ts";
import { HEALTH_DEFAULTS, type HealthFile, parseHealthFile } from "../../domain/health/file.ts";
import { type HealthTarget, parseTarget, targetGiven } from "../../domain/health/target.ts";

/** What is looked for beside Pulumi.yaml. */
export const HEALTH_FILE = "health.yaml";

export interface SettingsOptions {
  /** Folder of the Pulumi project. */
  root: string;
  /** A health file. @default health.yaml in the root, where there is one */
  file?: string | undefined;
  /** Addresses, or names of targets in the file: only these. */
  targets?: readonly string[] | undefined;
  environment?: NodeJS.ProcessEnv;
}

/**
 * What is to be looked at: the targets that are named, else those of the file, else every node of the stack. Throws `ConfigInvalid` with file and
 * line, `UsageError` for a target that is neither an address nor in the file, `NotFound` for a file that is named and not there.
 */
export function healthSettings(options: SettingsOptions): HealthFile {
  const { root, targets = [], environment = process.env } = options;
  const file = options.file === undefined ? join(root, HEALTH_FILE) : resolve(options.file);
  const read =
    options.file !== undefined || existsSync(file)
      ? parseHealthFile(textOf(file), file, (name) => environment[name])
      : undefined;
  const settings = read ?? { ...HEALTH_DEFAULTS, targets: [parseTarget("node:*", "nodes")], alerts: DEFAULT_RULES };
  if (targets.length === 0) return settings;
  return { ...settings, targets: targets.map((word) => targetNamed(word, read?.targets ?? [], file)) };
}

function targetNamed(word: string, known: readonly HealthTarget[], file: string): HealthTarget {
  const found = known.find(({ name }) => name === word);
  if (found || word.includes(":")) return found ?? targetGiven(word);
  const names = known.map(({ name }) => name).join(", ");
  throw new UserError(
    "UsageError",
    {
      reason: `there is no target ${word}${names ? ` in ${file}` : ""}`,
      suggestion: names ? `there are: ${names}` : "give an address, such as https://HOST/health or services:PROJECT",
    },
    { exitCode: 2 },
  );
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UserError("NotFound", { reason: `${file} cannot be read: ${(cause as Error).message}`, file }, { cause });
  }
}
