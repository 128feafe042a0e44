import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { DEVCONTAINER_FILE } from "../catalog/devcontainer/file.ts";
import { generateDevcontainer, isAsMade } from "../domain/devcontainer/generate.ts";
import { UserError } from "../domain/errors.ts";
import { readServices } from "./services/files.ts";

export interface DevcontainerOptions {
  /** Where the files are written. @default `.devcontainer` in the working folder */
  folder?: string;
  /** The project that is worked on. @default the folder that `folder` lies in, or `folder`'s own for any other name than `.devcontainer` */
  project?: string;
  /** Overwrites files that somebody has edited, or made himself. @default false */
  force?: boolean;
  dryRun?: boolean;
}

export interface DevcontainerResult {
  folder: string;
  files: { file: string; state: "written" | "unchanged" | "to write" }[];
}

/**
 * Writes `devcontainer.json` and the Compose file that it names. Throws `UserError` `UsageError` with the files that were edited; nothing is
 * written then.
 */
export function writeDevcontainer(options: DevcontainerOptions = {}): DevcontainerResult {
  const folder = resolve(options.folder ?? ".devcontainer");
  const workspace = relative(folder, resolve(options.project ?? join(folder, ".."))) || ".";
  const { project } = readServices({ files: [DEVCONTAINER_FILE], envFiles: [], environment: {} });
  const files = generateDevcontainer(readFileSync(DEVCONTAINER_FILE, "utf8"), project, workspace).map(
    ({ name, text }) => ({ name, text, file: join(folder, name), before: contentOf(join(folder, name)) }),
  );
  const edited = files.filter(
    ({ name, text, before }) => before !== undefined && before !== text && !isAsMade(name, before),
  );
  if (edited.length > 0 && !options.force) throw refusal(edited.map(({ file }) => file));
  const changing = files.filter(({ text, before }) => before !== text);
  if (!options.dryRun && changing.length > 0) mkdirSync(folder, { recursive: true });
  if (!options.dryRun) for (const { file, text } of changing) writeFileSync(file, text);
  const done = options.dryRun ? "to write" : "written";
  return {
    folder,
    files: files.map(({ file, text, before }) => ({ file, state: before === text ? "unchanged" : done })),
  };
}

function refusal(files: string[]): UserError {
  const reason = `${files.join(" and ")} ${files.length > 1 ? "were" : "was"} edited or not made by this command; nothing was written`;
  const suggestion = "move it away, name another folder with --out, or overwrite it with --force";
  return new UserError("UsageError", { reason, suggestion, files }, { exitCode: 2 });
}

function contentOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
