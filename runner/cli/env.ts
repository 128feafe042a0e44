import type { Command } from "commander";
import { environment, exportLines } from "../environment.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { printJson } from "./output.ts";
import { withSession } from "./session.ts";

export default function command(): Command {
  return stackCommand("env")
    .addHelpText(
      "after",
      `
Starts the local cloud when the stack lives there and it does not run.

Examples:
  $ eval "$(windlass env)" && pulumi preview`,
    )
    .action(async (options: CommonOptions) => {
      const variables = await withSession(({ onEvent }) => environment({ ...targetOptions(options), onEvent }));
      if (options.json) printJson(variables);
      else process.stdout.write(exportLines(variables));
    });
}
