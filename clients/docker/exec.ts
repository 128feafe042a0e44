import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { UserError } from "../../domain/errors.ts";
import { asking, type EngineAddress } from "./engine.ts";

/** What a command has left behind. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a command, word by word and without a shell, in a running container. A command that fails is a result. Throws `UserError` `CommandFailed`
 * where the engine refuses (the container does not run) or the command does not end in time; it goes on in the container then.
 */
export async function containerExec(
  docker: Docker,
  address: EngineAddress,
  id: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<CommandResult> {
  const doing = `run ${command[0]} in ${id.slice(0, 12)}`;
  const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true };
  const exec = await asking(address, doing, () => docker.getContainer(id).exec(options));
  const stream = await asking(address, doing, () => exec.start({ hijack: false, stdin: false }));
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  const late = setTimeout(() => stream.destroy(tooLong(doing, timeoutMs)), timeoutMs);
  stream.once("error", (error: Error) => {
    out.destroy(error);
    err.destroy(error);
  });
  stream.once("end", () => {
    out.end();
    err.end();
  });
  try {
    const [stdout, stderr] = await Promise.all([text(out), text(err)]);
    const { ExitCode } = await asking(address, doing, () => exec.inspect());
    // The engine's own code for a command that is not there.
    return { code: ExitCode ?? 126, stdout, stderr };
  } finally {
    clearTimeout(late);
  }
}

/** The error of a command that took too long: `details.timedOut` is true. */
export function tooLong(doing: string, timeoutMs: number): UserError {
  return new UserError("CommandFailed", {
    reason: `${doing}: it did not end within ${timeoutMs / 1000} s`,
    suggestion: "look there what it waits for",
    timedOut: true,
  });
}
