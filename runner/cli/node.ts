import type { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import { formatBytes } from "../../domain/units.ts";
import { nodeExec, nodeGet, nodePut, nodeShell, nodeSsh } from "../node.ts";
import { holdCommand, releaseCommand } from "./node-hold.ts";
import resume from "./node-resume.ts";
import stop from "./node-stop.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

interface NodeFlags extends CommonOptions {
  node?: string;
  timeout?: string;
}

export default function command(): Command {
  const node = stackCommand("node")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      `
Examples:
  $ windlass node ssh
  $ windlass node exec -- nvidia-smi
  $ windlass node put ./data /mnt/finance-smollm3/data
  $ windlass node get /mnt/finance-smollm3/checkpoints ./checkpoints
  $ windlass node stop
  $ windlass node resume --run`,
    );
  node.addCommand(
    sub("ssh").argument("[arguments...]", "more arguments for ssh").description("a shell on the node").action(ssh),
  );
  node.addCommand(
    sub("exec")
      .argument("<command...>", "the command; put -- before it when it has options")
      .option("--timeout <seconds>", "stop it after so long")
      .description("run a command on the node; its exit code is ours")
      .passThroughOptions()
      .action(exec),
  );
  node.addCommand(
    sub("put").argument("<local>").argument("<remote>").description("send a file or a folder").action(put),
  );
  node.addCommand(
    sub("get").argument("<remote>").argument("<local>").description("fetch a file or a folder").action(get),
  );
  node.addCommand(stop());
  node.addCommand(resume());
  node.addCommand(holdCommand());
  node.addCommand(releaseCommand());
  return node;
}

function sub(name: string): Command {
  return stackCommand(name).option("-n, --node <name>", "the node (default: the only one)");
}

function nodeOptions(flags: NodeFlags) {
  return { ...targetOptions(flags), ...(flags.node ? { node: flags.node } : {}) };
}

async function ssh(words: string[], flags: NodeFlags): Promise<void> {
  if (words.length === 0 && process.stdin.isTTY !== true) {
    const details = {
      reason: "a shell needs a terminal",
      suggestion: "run a command instead: windlass node exec -- COMMAND",
    };
    throw new UserError("UsageError", details, { exitCode: 2 });
  }
  process.exitCode = await nodeSsh({ ...nodeOptions(flags), arguments: words }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return nodeShell({ ...nodeOptions(flags), ...(words.length > 0 ? { command: words.join(" ") } : {}) });
    },
  );
}

async function exec(words: string[], flags: NodeFlags): Promise<void> {
  const seconds = flags.timeout === undefined ? undefined : Number(flags.timeout);
  const result = await withSession(({ signal }) =>
    nodeExec({
      ...nodeOptions(flags),
      command: words.length === 1 ? (words[0] ?? "") : words.map(quote).join(" "),
      signal,
      ...(seconds === undefined ? {} : { timeoutSeconds: seconds }),
      ...(flags.json
        ? {}
        : { onStdout: (chunk) => process.stdout.write(chunk), onStderr: (chunk) => process.stderr.write(chunk) }),
    }),
  );
  if (flags.json) printJson(result);
  process.exitCode = result.code ?? 255;
}

/** One word is a shell line as it is; several are an argument vector. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

async function put(local: string, remote: string, flags: NodeFlags): Promise<void> {
  const result = await withSession(({ signal, onEvent }) =>
    nodePut({ ...nodeOptions(flags), local, remote, signal, onEvent }),
  );
  report(result, flags, "sent");
}

async function get(remote: string, local: string, flags: NodeFlags): Promise<void> {
  const result = await withSession(({ signal, onEvent }) =>
    nodeGet({ ...nodeOptions(flags), remote, local, signal, onEvent }),
  );
  report(result, flags, "fetched");
}

function report(result: Awaited<ReturnType<typeof nodePut>>, flags: NodeFlags, verb: string): void {
  if (flags.json) {
    printJson(result);
    return;
  }
  print(
    `${verb} ${result.sentFiles} of ${result.files} files, ${formatBytes(result.sentBytes)} of ${formatBytes(result.bytes)}; all verified`,
  );
}
