import { type ErrorCode, type ErrorDetails, UserError } from "./errors.ts";

/** Marks the line in a command's error output that holds an error as JSON, for whoever ran the command. */
const MARK = "windlass-error ";

/** An error as one line of text, to be written to standard error. */
export function failureLine(error: UserError): string {
  return `${MARK}${JSON.stringify(error.toJSON())}`;
}

/**
 * Finds such lines in any text (engine diagnostics quote the output of failed commands) and makes errors of them again. The same
 * error is often quoted twice: it comes once.
 */
export function failuresIn(text: string): UserError[] {
  const found = new Map<string, UserError>();
  for (const [, json = ""] of text.matchAll(/windlass-error (\{.*\})\s*$/gm)) {
    const error = parse(json);
    if (error && !found.has(json)) found.set(json, error);
  }
  return [...found.values()];
}

function parse(json: string): UserError | undefined {
  try {
    const { error, details } = JSON.parse(json) as { error: ErrorCode; details: ErrorDetails };
    return typeof details?.reason === "string" ? new UserError(error, details) : undefined;
  } catch {
    return undefined;
  }
}
