import { readFileSync } from "node:fs";
import { UserError } from "../domain/errors.ts";

/** The text of a file that the user has named, of standard input for `-`. Throws `UsageError` where it cannot be read. @param kind what it is to be, for the message */
export function givenFile(path: string, kind: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is none" : (cause as Error).message;
    throw new UserError(
      "UsageError",
      { reason: `${kind} ${path} cannot be read: ${why}`, file: path },
      { exitCode: 2, cause },
    );
  }
}
