import type { Command } from "commander";
import { refresh } from "../refresh.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, print, printJson } from "./output.ts";
import { kindOf } from "./reporter.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("refresh")
    .option("--dry-run", "only show the drift; leave the state as it is")
    .addHelpText(
      "after",
      `
What was changed outside goes into the state; the next up puts it right again.

Examples:
  $ windlass refresh --dry-run
  $ windlass refresh && windlass preview`,
    )
    .action(async (options: CommonOptions) => {
      const dryRun = options.dryRun === true;
      const result = await withSession((session) => refresh({ ...targetOptions(options), ...session, dryRun }));
      if (options.json) return printJson(result);
      if (result.drift.length === 0) return print(`Stack ${result.stack}: no drift.`);
      print(bold(`Stack ${result.stack} differs from its state:`));
      for (const { type, name, change, changed } of result.drift) {
        print(
          `  ${change === "delete" ? "gone" : "changed"}: ${kindOf(type)} ${name}${changed ? `: ${changed.join(", ")}` : ""}`,
        );
      }
      print(dryRun ? "The state was left as it is." : "It is in the state now; windlass up puts it right.");
    });
}
