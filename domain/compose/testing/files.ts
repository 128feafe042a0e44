import { normalize } from "node:path";
import type { ComposeReader } from "../level.ts";
import { type ComposeOptions, type ComposeResult, loadCompose } from "../project.ts";

/** Files that are only in memory, under /stack. */
export function memoryFiles(files: Readonly<Record<string, string>>): ComposeReader {
  return { read: (path) => files[normalize(path).replace("/stack/", "")], realPath: (path) => path, home: "/home/ada" };
}

/** Loads `compose.yaml` of files in memory. */
export function load(files: Record<string, string> | string, options: Partial<ComposeOptions> = {}): ComposeResult {
  const all = typeof files === "string" ? { "compose.yaml": files } : files;
  return loadCompose(
    { files: ["/stack/compose.yaml"], folder: "/stack", environment: {}, ...options },
    memoryFiles(all),
  );
}

/** What a file is refused with. */
export function refusal(files: Record<string, string> | string, options: Partial<ComposeOptions> = {}): RefusalDetails {
  try {
    load(files, options);
  } catch (error) {
    const { name, details } = error as { name: string; details: RefusalDetails };
    if (name === "ConfigInvalid") return details;
    throw error;
  }
  throw new Error("it was not refused");
}

export interface RefusalDetails {
  reason: string;
  suggestion?: string;
  file: string;
  line: number;
  path?: string;
  also?: string[];
}
