import type { Log } from "../engine/log.ts";
import type { Value } from "../engine/values.ts";

/** Which streams of a command are shown while it runs: the `logging` input; both when it is not given. */
export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

/** How much of the output an error repeats: the end says what went wrong. */
const TAIL_CHARACTERS = 4_000;

/** Collects what a command prints, and shows it line by line. */
export class Output {
  stdout = "";
  stderr = "";
  #both = "";
  readonly #log: Log;
  readonly #shown: { stdout: boolean; stderr: boolean };
  readonly #partial = { stdout: "", stderr: "" };

  constructor(log: Log, logging: Value | undefined) {
    this.#log = log;
    const which = (logging ?? "stdoutAndStderr") as Logging;
    this.#shown = {
      stdout: which === "stdout" || which === "stdoutAndStderr",
      stderr: which === "stderr" || which === "stdoutAndStderr",
    };
  }

  add(stream: "stdout" | "stderr", text: string): void {
    this[stream] += text;
    this.#both += text;
    if (!this.#shown[stream]) return;
    const lines = (this.#partial[stream] + text).split(/\r\n|[\r\n]/);
    this.#partial[stream] = lines.pop() ?? "";
    for (const line of lines) if (line.trim()) this.#log.status(line);
  }

  /** What came without a line end is shown too. */
  finish(): void {
    for (const line of Object.values(this.#partial)) if (line.trim()) this.#log.status(line);
  }

  /** The streams as outputs of the resource: without the last line end, as the official plugin has them. */
  properties(): { stdout: string; stderr: string } {
    return { stdout: this.stdout.replace(/\n$/, ""), stderr: this.stderr.replace(/\n$/, "") };
  }

  /** The end of both streams, in the order they came. */
  tail(): string {
    const text = this.#both.trimEnd();
    return text.length <= TAIL_CHARACTERS ? text : `[...]${text.slice(-TAIL_CHARACTERS)}`;
  }
}

/** Why a command counts as failed; its script is not repeated, for it may hold what is secret. */
export class CommandFailed extends Error {
  constructor(how: string, output: Output) {
    const tail = output.tail();
    super(tail ? `the command ${how}:\n${tail}` : `the command ${how}, and printed nothing`);
    this.name = "CommandFailed";
  }
}

/** What the outputs of the run before are called in the environment of the next. */
export function previousOutput(outputs: { stdout?: Value; stderr?: Value }): Record<string, string> {
  const result: Record<string, string> = {};
  if (outputs.stdout) result.PULUMI_COMMAND_STDOUT = String(outputs.stdout);
  if (outputs.stderr) result.PULUMI_COMMAND_STDERR = String(outputs.stderr);
  return result;
}
