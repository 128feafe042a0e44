/**
 * `node runner/toolchain/main.ts [PART...]`: brings what is missing (of the parts named, else of all) and says on
 * standard error what it does and how long it took. Exit code 1 when something cannot be brought.
 */
import { UserError } from "../../domain/errors.ts";
import { partLine } from "./lines.ts";
import { installMissing, parts } from "./parts.ts";

const only = process.argv.slice(2);
const unknown = only.filter((name) => !parts.some((part) => part.name === name));
const say = (line: string) => process.stderr.write(`windlass: ${line}\n`);

if (unknown.length > 0) {
  say(`error: no such part: ${unknown.join(", ")}; there are ${parts.map((part) => part.name).join(", ")}`);
  process.exit(2);
}
const started = performance.now();
try {
  const states = await installMissing({
    only: only.length > 0 ? only : undefined,
    onEvent: (event) => {
      const line = partLine(event);
      if (line) say(line);
    },
  });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  say(`set-up: ${states.map((state) => state.name).join(", ")} are there (${seconds} s)`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  say(`error: ${error.message}`);
  process.exitCode = error.exitCode;
}
