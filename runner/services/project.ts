import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { readStackFile } from "../../stacks/config-source.ts";
import type { Target } from "../target.ts";
import { folderOf, type ServicesRecord, STACK, stateBackend } from "./record.ts";

/** Writes the Pulumi project of a stack of services, and answers with the target of the engine. Its program runs in this process. */
export function servicesTarget(home: string, record: ServicesRecord): Target {
  const root = folderOf(home, record.project);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  write(root, "Pulumi.yaml", stringify({ name: record.project, runtime: "nodejs" }));
  write(root, `Pulumi.${STACK}.yaml`, "");
  write(root, "services.json", `${JSON.stringify(record, null, 2)}\n`);
  return {
    root,
    home,
    project: record.project,
    stack: STACK,
    cloud: "local",
    config: readStackFile(root, STACK),
    backend: stateBackend(home),
  };
}

function write(root: string, name: string, text: string): void {
  const file = join(root, name);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}
