import { execFile } from "node:child_process";
import { UserError } from "../../domain/errors.ts";
import type { EngineAddress } from "./engine.ts";
import { sshWords } from "./ssh-agent.ts";

/** What a command on the Docker host has answered. */
export interface HostAnswer {
  stdout: string;
  stderr: string;
  /** 127 where there is no such program. */
  code: number;
}

/** Milliseconds that a command on the Docker host may take. */
const TIMEOUT_MS = 30_000;

/**
 * Runs a script of `sh` on the machine that a Docker engine is on: this one for a socket, over ssh for ssh://. Undefined for tcp://, which
 * leads to the engine and no further. Throws `CommandFailed` where ssh cannot get there, or nothing is answered within half a minute.
 */
export async function onDockerHost(
  { host, sshOpts = [] }: EngineAddress,
  script: string,
): Promise<HostAnswer | undefined> {
  const local = host.startsWith("unix://");
  if (!local && !host.startsWith("ssh://")) return undefined;
  const [program, words] = local ? ["sh", ["-s"]] : ["ssh", sshWords(host, sshOpts, "sh -s")];
  const options = { timeout: TIMEOUT_MS, maxBuffer: 1 << 26 };
  return new Promise((done, fail) => {
    const child = execFile(program, words, options, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === "number" && !(program === "ssh" && code === 255)) return done({ stdout, stderr, code });
      const reason = error?.killed ? `no answer within ${TIMEOUT_MS / 1000} s` : stderr.trim() || error?.message;
      fail(
        new UserError(
          "CommandFailed",
          { reason: `ask the Docker host at ${host}: ${reason}`, suggestion: "check the address and the key", host },
          { cause: error },
        ),
      );
    });
    // What ends before it has read all says why by its exit code.
    child.stdin?.on("error", () => {}).end(script);
  });
}
