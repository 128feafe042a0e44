import type { ClientChannel } from "ssh2";
import type { Channel } from "./channel.ts";
import { connectionFailed } from "./errors.ts";

/** The terminal that a shell is shown on. */
export interface ShellOptions {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
  /** Terminal type. @default TERM of this process, else "xterm-256color" */
  term?: string;
  /** Run this instead of the login shell, on a terminal all the same. */
  command?: string;
}

/** Joins the terminal to a shell on the machine until it ends; answers with its exit code, 255 where it has none. */
export async function shell(on: Channel, options: ShellOptions): Promise<number> {
  const { channel, code } = await Promise.race([open(on, options), on.dead]);
  const { input, output } = options;
  const resize = () => channel.setWindow(output.rows ?? 24, output.columns ?? 80, 0, 0);
  if (input.isTTY) input.setRawMode(true);
  output.on("resize", resize);
  input.pipe(channel);
  channel.pipe(output, { end: false });
  channel.stderr.pipe(output, { end: false });
  try {
    return await Promise.race([code, on.dead]);
  } finally {
    output.off("resize", resize);
    input.unpipe(channel);
    if (input.isTTY) input.setRawMode(false);
    input.pause();
  }
}

function open(on: Channel, options: ShellOptions): Promise<{ channel: ClientChannel; code: Promise<number> }> {
  const pty = {
    term: options.term ?? process.env.TERM ?? "xterm-256color",
    rows: options.output.rows ?? 24,
    cols: options.output.columns ?? 80,
  };
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: ClientChannel) => {
      if (error) reject(connectionFailed(on.to, "lost", `the machine opened no shell (${error.message})`, error));
      else resolve({ channel, code: ended(channel) });
    };
    if (options.command === undefined) on.client.shell(pty, opened);
    else on.client.exec(options.command, { pty }, opened);
  });
}

function ended(channel: ClientChannel): Promise<number> {
  return new Promise((resolve) => {
    let code = 255;
    channel.on("exit", (status: number | null) => {
      code = status ?? 255;
    });
    channel.on("close", () => resolve(code));
  });
}
