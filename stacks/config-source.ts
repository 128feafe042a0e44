import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../domain/errors.ts";
import { YamlText } from "../domain/yaml-file.ts";

/** The file that a config came from, for the line numbers in messages. */
export interface Source {
  /** As it should read in messages, relative to the project: `Pulumi.dev.yaml`. */
  file: string;
  text: string;
}

/** A stack's config as it stands in its file. */
export interface StackFile {
  source: Source;
  /** `windlass:` values by key without the prefix, as the strings that Pulumi would give a program. */
  values: Record<string, string>;
  /** Full keys (`digitalocean:token`) that the file keeps encrypted; their values are not in `values`. */
  secrets: string[];
}

/**
 * Reads `Pulumi.<stack>.yaml` in the project's root. Throws UserError `ConfigInvalid` where the file is missing or is no
 * YAML (with its line).
 */
export function readStackFile(root: string, stack: string): StackFile {
  const file = `Pulumi.${stack}.yaml`;
  let text: string;
  try {
    text = readFileSync(join(root, file), "utf8");
  } catch (error) {
    throw new UserError(
      "ConfigInvalid",
      { reason: `there is no ${file}`, suggestion: "name a stack that has one, or write it beside Pulumi.yaml", file },
      { exitCode: 2, cause: error },
    );
  }
  return { source: { file, text }, ...configOf(file, text) };
}

function configOf(file: string, text: string): Pick<StackFile, "values" | "secrets"> {
  const { config = {} } = (new YamlText(text).value(file) ?? {}) as { config?: Record<string, unknown> | null };
  const values: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [key, value] of Object.entries(config ?? {})) {
    if (isSecure(value)) secrets.push(key);
    else if (key.startsWith("windlass:")) values[key.slice("windlass:".length)] = asPulumiGives(value);
  }
  return { values, secrets };
}

function isSecure(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secure" in value;
}

function asPulumiGives(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
}

/** Finds the line of a key of `windlass:` in the file, or of one item of its list; undefined where it is not there. */
export function positions(source: Source | undefined): (key: string, item?: number) => number | undefined {
  if (!source) return () => undefined;
  const yaml = new YamlText(source.text);
  return (key, item) => {
    const { line, depth } = yaml.find(["config", `windlass:${key}`, ...(item === undefined ? [] : [item])]);
    return depth < 2 ? undefined : line;
  };
}
