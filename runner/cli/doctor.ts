import type { Command } from "commander";
import { doctor } from "../doctor.ts";
import { type CommonOptions, stackCommand } from "./options.ts";
import { print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("doctor")
    .option("--install", "install what is missing, where that is possible")
    .addHelpText(
      "after",
      `
Exit code 1 when something is missing.

Examples:
  $ windlass doctor
  $ windlass doctor --install`,
    )
    .action(async (options: CommonOptions & { install?: boolean }) => {
      const report = await withSession((session) => doctor({ install: options.install === true, ...session }));
      if (!report.ok) process.exitCode = 1;
      if (options.json) return printJson(report);
      const rows = report.parts.map(({ name, ok, found, fix }) => [
        name,
        ok ? "found" : "missing",
        found ?? "",
        ok ? "" : fix,
      ]);
      print(...table(["PART", "STATE", "WHAT", "FIX"], rows));
    });
}
