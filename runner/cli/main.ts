import "../engine/lazy-resolver.cjs";
import { type Command, CommanderError } from "commander";
import { UserError } from "../../domain/errors.ts";
import { isJson, printError } from "./errors.ts";
import { buildProgram, optionsLast } from "./program.ts";
import { commandBegins } from "./running-command.ts";

/** Exit code after a Ctrl-C, as shells have it: 128 + SIGINT. */
const INTERRUPTED = 130;

// A reader that has seen enough (`| head`) must not end an update in the middle.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await main(optionsLast(process.argv.slice(2)));

/** Runs one command line; answers with the exit code: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 partly done, 130 stopped by Ctrl-C. */
async function main(args: string[]): Promise<number> {
  try {
    const program = await buildProgram(args);
    program.hook("preAction", (_, action) => commandBegins(nameOf(action)));
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, args);
    printError(error, isJson(args));
    if (!(error instanceof UserError)) return 1;
    return error.code === "Cancelled" && error.details.interrupted === true ? INTERRUPTED : error.exitCode;
  }
}

/** As in `services up`. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

function usage(error: CommanderError, args: string[]): number {
  if (error.exitCode === 0) return 0;
  if (isJson(args)) {
    const reason = error.message.replace(/^error: /, "");
    printError(new UserError("UsageError", { reason, suggestion: "see windlass --help" }, { exitCode: 2 }), true);
  }
  return 2;
}
