import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "../domain/errors.ts";

/** Throws `UsageError` for a file that node_exporter's textfile collector does not read, or that cannot be made. */
export function checkMetricsFile(file: string): void {
  const usage = (reason: string, suggestion: string) =>
    new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
  if (!file.endsWith(".prom"))
    throw usage(`--metrics ${file} does not end in .prom`, "node_exporter reads only files that do");
  if (!statSync(dirname(resolve(file)), { throwIfNoEntry: false })?.isDirectory())
    throw usage(`the folder of --metrics ${file} is not there`, "make it, or name another");
}
