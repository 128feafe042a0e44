import { createInterface } from "node:readline/promises";
import { UserError } from "../../domain/errors.ts";

/** Whether somebody is there to answer. */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on the terminal; anything but yes is no. Without a terminal it refuses and names the flag that answers. */
export async function ask(question: string, flag: string): Promise<boolean> {
  return /^y(es)?$/i.test((await answer(`${question} [y/N] `, flag)).trim());
}

/** Asks for a word to be typed: for what cannot be undone. */
export async function askToType(question: string, word: string, flag: string): Promise<boolean> {
  return (await answer(`${question}\nType ${word} to go ahead: `, flag)).trim() === word;
}

async function answer(question: string, flag: string): Promise<string> {
  if (!isInteractive()) {
    throw new UserError(
      "UsageError",
      { reason: "this needs an answer and there is no terminal", suggestion: `give ${flag}; nothing was changed` },
      { exitCode: 2 },
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<never>((_, reject) => {
    const leave = (interrupted: boolean) => () =>
      reject(new UserError("Cancelled", { reason: "not confirmed; nothing was changed", interrupted }));
    lines.once("SIGINT", leave(true)).once("close", leave(false));
  });
  try {
    return await Promise.race([lines.question(question), left]);
  } finally {
    lines.close();
  }
}

/** Refuses at once, before anything is looked at, what will need an answer. */
export function refuseWithoutTerminal(flag: string): void {
  if (isInteractive()) return;
  throw new UserError(
    "UsageError",
    {
      reason: "this changes things and there is no terminal to ask on",
      suggestion: `give ${flag}; nothing was changed`,
    },
    { exitCode: 2 },
  );
}
