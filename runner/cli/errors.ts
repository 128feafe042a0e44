import { styleText } from "node:util";
import { UserError } from "../../domain/errors.ts";
import { redact } from "../../domain/redaction.ts";

/** Whether the command line asks for JSON; looked up in the arguments, because mistakes in them are reported as JSON too. */
export function isJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}

/** As JSON on stdout, or as text on stderr. A bug shows its stack on stderr either way. */
export function printError(error: unknown, json: boolean): void {
  const known = error instanceof UserError ? error : undefined;
  if (!known)
    process.stderr.write(`${redact(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
  const shown =
    known ?? new UserError("CommandFailed", { reason: redact(error instanceof Error ? error.message : String(error)) });
  if (json) process.stdout.write(`${redact(JSON.stringify(shown, null, 2))}\n`);
  else if (known) process.stderr.write(redact(errorText(known)));
}

function errorText({ code, details }: UserError): string {
  const head = styleText("red", `${code}:`, { stream: process.stderr });
  const lines = [`${head} ${details.reason}`];
  if (details.suggestion) lines.push(`  what to do: ${details.suggestion}`);
  for (const also of (details.also as string[] | undefined) ?? []) lines.push(`  also: ${also}`);
  if (typeof details.log === "string") lines.push(`  log: ${details.log}`);
  return `${lines.join("\n")}\n`;
}
