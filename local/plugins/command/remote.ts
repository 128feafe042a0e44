import type { Client, ClientChannel } from "ssh2";
import type { Call } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import { connectionOf } from "./connection.ts";
import { CommandFailed, Output, previousOutput } from "./output.ts";
import { dial } from "./ssh.ts";

/** What a cancelled command gets to end by itself before the connection is closed. */
const GRACE_MS = 2_000;

/**
 * Runs a command over ssh.
 * @param inputs connection, environment, stdin, logging, addPreviousOutputInEnv
 * @param before outputs of the run before
 * @returns stdout and stderr
 */
export async function runRemotely(
  command: string,
  inputs: Properties,
  before: Properties,
  call: Call,
): Promise<Properties> {
  const client = await dial(connectionOf(inputs), call);
  try {
    const output = new Output(call.log, inputs.logging);
    const how = await run(client, command, inputs, before, output, call.signal);
    output.finish();
    if (how) throw new CommandFailed(how, output);
    return output.properties();
  } finally {
    client.end();
  }
}

/** @returns how it failed, undefined when it did not */
async function run(
  client: Client,
  command: string,
  inputs: Properties,
  before: Properties,
  output: Output,
  signal: AbortSignal,
): Promise<string | undefined> {
  const environment = (inputs.environment ?? {}) as Record<string, string>;
  await refuseUnaccepted(client, environment);
  const previous = inputs.addPreviousOutputInEnv === false ? {} : previousOutput(before);
  const channel = await start(client, command, { ...environment, ...previous });
  channel.setEncoding("utf8").on("data", (text: string) => output.add("stdout", text));
  channel.stderr.setEncoding("utf8").on("data", (text: string) => output.add("stderr", text));
  channel.on("error", () => {}).end(String(inputs.stdin ?? ""));
  const cancel = (): void => {
    terminate(client);
    setTimeout(() => client.destroy(), GRACE_MS).unref();
  };
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  return new Promise((resolve) => {
    // How it ended comes with `close`: the event `exit` may have been before anybody could listen.
    channel.on("close", (code?: number | null, killer?: string) => {
      signal.removeEventListener("abort", cancel);
      resolve(signal.aborted ? "was cancelled" : endOf(code, killer));
    });
  });
}

function endOf(code: number | null | undefined, killer: string | undefined): string | undefined {
  if (killer) return `was ended by ${killer}`;
  if (typeof code !== "number") return "was cut off: the connection broke before it ended";
  return code === 0 ? undefined : `failed with exit status ${code}`;
}

/**
 * Ends what the connection's other channel runs. sshd passes on no signals for root, and closing the connection ends
 * nothing; but all commands of a connection are children of one process, each leading a group.
 */
const END_SIBLINGS = `for stat in /proc/[0-9]*/stat; do
  read -r line <"$stat" || continue
  pid=\${line%% *}; set -- \${line##*) }
  [ "$2" = "$PPID" ] && [ "$pid" != "$$" ] && kill -TERM "-$pid"
done 2>/dev/null`;

function terminate(client: Client): void {
  client.exec(END_SIBLINGS, (error, channel) => {
    // A connection that is broken already ends the run by itself.
    if (!error) channel.on("error", () => {}).resume();
  });
}

/** Servers accept few variables (AcceptEnv) and silently drop the others; so it is asked which arrive. */
async function refuseUnaccepted(client: Client, environment: Record<string, string>): Promise<void> {
  const names = Object.keys(environment);
  if (names.length === 0) return;
  const wrong = names.find((name) => !/^[A-Za-z_]\w*$/.test(name));
  if (wrong !== undefined) throw new Error(`environment: "${wrong}" is not the name of a variable`);
  const script = names.map((name) => `[ -n "\${${name}+set}" ] || echo ${name}`).join("; ");
  const channel = await start(client, script, environment);
  let refused = "";
  for await (const text of channel.setEncoding("utf8")) refused += text;
  if (!refused.trim()) return;
  throw new Error(
    `could not set environment variable "${refused.trim().split("\n").join('", "')}": this only works if the SSH server ` +
      "accepts it (AcceptEnv); or prefix the command with it, in the form 'VAR=value command'",
  );
}

function start(client: Client, command: string, env: Record<string, string>): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, { env }, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}
