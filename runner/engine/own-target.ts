import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../target.ts";
import { writeWhole } from "../whole-file.ts";

/** Where a Pulumi project is that Windlass makes by itself. */
type OwnProject = Pick<Target, "root" | "home" | "project" | "stack" | "backend">;

/** Writes such a project with its one stack and what is remembered of it, and answers with the engine's target. Its program runs in this process. */
export function ownTarget(place: OwnProject, record: object): Target {
  const { root, project, stack } = place;
  const config = `Pulumi.${stack}.yaml`;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  write(join(root, "Pulumi.yaml"), `name: ${JSON.stringify(project)}\nruntime: nodejs\n`);
  write(join(root, config), "");
  write(recordFile(root, stack), `${JSON.stringify(record, null, 2)}\n`);
  return {
    ...place,
    // The bundled plugin is used on every way: there is nothing to download.
    cloud: "local",
    config: { source: { file: config, text: "" }, values: {}, secrets: [] },
  };
}

/** What is remembered of a project, if anything is. */
export function readOwnRecord<T>(root: string, stack: string): T | undefined {
  const file = recordFile(root, stack);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}

function recordFile(root: string, stack: string): string {
  return join(root, `${stack}.json`);
}

function write(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeWhole(file, text);
}
