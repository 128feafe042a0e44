import { execFile } from "node:child_process";
import { UserError } from "../../domain/errors.ts";
import { quote } from "../../domain/shell.ts";
import type { EngineAddress } from "./engine.ts";
import { type CommandResult, tooLong } from "./exec.ts";
import { sshWords } from "./ssh-agent.ts";
import { sshFailure } from "./ssh-failure.ts";

/**
 * Runs a command on the machine of an engine: here for one at a socket, through the user's own `ssh` for one at ssh://; each word arrives as it
 * is. A command that fails, or is not there (127), is a result. Throws `UserError` `CommandFailed` where the machine cannot be reached that way (`SSHConnectionFailed` with why),
 * or the command does not end in time.
 */
export function hostCommand(
  { host, sshOpts = [] }: EngineAddress,
  command: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const [scheme] = host.split("://");
  if (scheme !== "unix" && scheme !== "ssh")
    throw new UserError("CommandFailed", {
      reason: `no command can be run on the machine of ${host}`,
      suggestion: "name the engine as ssh://USER@HOST",
    });
  const [program = "", ...words] =
    scheme === "ssh" ? ["ssh", ...sshWords(host, sshOpts, command.map(quote).join(" "))] : command;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      words,
      { timeout: timeoutMs, maxBuffer: 1 << 26, killSignal: "SIGKILL" },
      (error, stdout, stderr) => {
        if (!error) return resolve({ code: 0, stdout, stderr });
        if (error.killed) return reject(tooLong(`run ${command[0]} on ${host}`, timeoutMs));
        // ssh's own code for what is not the command's fault.
        if (scheme === "ssh" && error.code === 255) return reject(unreachable(host, stderr));
        const missing = (error.code as unknown) === "ENOENT";
        resolve({
          code: missing ? 127 : Number(error.code) || 1,
          stdout,
          stderr: missing ? `${program}: not found` : stderr,
        });
      },
    );
  });
}

function unreachable(host: string, said: string): UserError {
  const reason = `${host} cannot be reached: ${said.trim().split("\n").at(-1) || "ssh ended with 255"}`;
  const suggestion = "check that ssh with these options gets there without a question";
  return sshFailure(host, said) ?? new UserError("CommandFailed", { reason, suggestion, host });
}
