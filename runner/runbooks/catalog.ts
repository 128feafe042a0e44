import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { runbookFile, runbookNames } from "../../catalog/runbooks/names.ts";
import { UserError } from "../../domain/errors.ts";
import { type RunbookFile, runbookSchema } from "../../domain/runbooks/schema.ts";
import { nearest } from "../../domain/spelling.ts";
import { readYamlFile } from "../../domain/yaml-file.ts";

export interface Runbook extends RunbookFile {
  name: string;
  file: string;
}

/** The runbooks of the catalog, by name. */
export function listRunbooks(): Runbook[] {
  return runbookNames().map(readRunbook);
}

/**
 * A runbook by its name in the catalog, or by its file (a word with a slash or the ending .yaml). Throws `UserError` `NotFound` with the nearest
 * name, `ConfigInvalid` with file and line.
 */
export function readRunbook(word: string): Runbook {
  const own = word.includes("/") || /\.ya?ml$/.test(word);
  const file = own ? word : runbookFile(word);
  if (!file) throw unknownRunbook(word);
  return { name: basename(file).replace(/\.ya?ml$/, ""), file, ...readYamlFile(textOf(file), file, runbookSchema) };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const reason = `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`;
    throw new UserError(
      "NotFound",
      { reason, suggestion: "name a runbook's file, or one of: windlass runbook list" },
      { cause },
    );
  }
}

function unknownRunbook(word: string): UserError {
  const names = runbookNames();
  const near = nearest(word, names);
  const suggestion = near ? `did you mean ${near}?` : `there are: ${names.join(", ")}`;
  return new UserError("NotFound", { reason: `there is no runbook ${word}`, suggestion });
}
