import { spawn } from "node:child_process";
import { UserError } from "../../domain/errors.ts";

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the command is killed. @default none */
  timeout?: number;
  /** Receives each line of standard output and standard error. */
  onLine?: (line: string) => void;
}

export interface CommandResult {
  /** 0 = done; -1 = it could not be started or was killed. */
  code: number;
  stdout: string;
  /** Both streams, in the order they came. */
  output: string;
}

/** Runs a program to its end. Never throws: what went wrong is in the result. */
export async function run(program: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return await new Promise((settle) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      timeout: options.timeout,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    const lines = lineSplitter(options.onLine ?? (() => {}));
    const take = (chunk: string) => {
      output += chunk;
      lines(chunk);
    };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      take(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", take);
    child.once("error", (error) => settle({ code: -1, stdout, output: `${output}${error.message}` }));
    child.once("close", (code) => settle({ code: code ?? -1, stdout, output }));
  });
}

function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onLine(line.trimEnd());
  };
}

/** The last lines of a failed command, for an error message. */
export function tail(output: string, lines = 5): string {
  return output.trim().split("\n").slice(-lines).join("\n");
}

/** An error the user can do something about; a full disk and a folder without permission are told as such. */
export function toolMissing(part: string, cause: string, suggestion: string): UserError {
  if (/ENOSPC|no space left on device/i.test(cause)) {
    return new UserError("ToolMissing", {
      part,
      reason: `the disk is full: ${part} could not be installed`,
      suggestion: "free some space (the engine needs about 4 GB while it is built) and try again",
    });
  }
  if (/EACCES|EROFS|permission denied|read-only file system/i.test(cause)) {
    return new UserError("ToolMissing", {
      part,
      reason: `no permission to install ${part}: ${tail(cause, 1)}`,
      suggestion: "make the folder writable, or set XDG_CACHE_HOME to one that is",
    });
  }
  return new UserError("ToolMissing", { part, reason: cause, suggestion });
}
