import { Command } from "commander";

/** The commands, in the order and groups of the help; each is loaded only when it is called. */
const COMMANDS: readonly {
  name: string;
  group: string;
  summary: string;
  load: () => Promise<{ default: () => Command }>;
}[] = [
  {
    name: "up",
    group: "Stacks:",
    summary: "make what the stack declares: volume, network, node, bootstrap, data",
    load: () => import("./up.ts"),
  },
  {
    name: "preview",
    group: "Stacks:",
    summary: "show what up would do, and the cost",
    load: () => import("./preview.ts"),
  },
  {
    name: "down",
    group: "Stacks:",
    summary: "remove what the stack made; volumes stay",
    load: () => import("./down.ts"),
  },
  {
    name: "refresh",
    group: "Stacks:",
    summary: "compare the state with the cloud and take over what was changed outside",
    load: () => import("./refresh.ts"),
  },
  { name: "status", group: "Stacks:", summary: "nodes, state and cost", load: () => import("./status.ts") },
  {
    name: "watch",
    group: "Stacks:",
    summary: "stop idle nodes, expire stopped ones, warn; announced before",
    load: () => import("./watch.ts"),
  },
  {
    name: "cost",
    group: "Stacks:",
    summary: "what a stack, any Pulumi project, a plan or a state costs per month; forecast, actual, advice",
    load: () => import("./cost.ts"),
  },
  {
    name: "budget",
    group: "Stacks:",
    summary: "what was spent of the month's budgets; enforce, confirm",
    load: () => import("./budget.ts"),
  },
  {
    name: "health",
    group: "Stacks:",
    summary: "look at nodes, services, stores and URLs; watch, history, alerts",
    load: () => import("./health.ts"),
  },
  {
    name: "recover",
    group: "Stacks:",
    summary: "put the state right after an update that was killed",
    load: () => import("./recover.ts"),
  },
  {
    name: "gc",
    group: "Stacks:",
    summary: "archive volumes that hang on nothing, delete old snapshots",
    load: () => import("./gc.ts"),
  },
  {
    name: "sweep",
    group: "Stacks:",
    summary: "what is billed and not declared, and what it costs",
    load: () => import("./sweep.ts"),
  },
  {
    name: "policy",
    group: "Stacks:",
    summary: "the policies that judge a plan: list, show, check, config",
    load: () => import("./policy.ts"),
  },
  {
    name: "node",
    group: "Nodes:",
    summary: "ssh, exec, put, get, stop, resume, hold, release",
    load: () => import("./node.ts"),
  },
  {
    name: "backup",
    group: "Data:",
    summary: "back up checkpoints and volumes; list, copy, prune, drill",
    load: () => import("./backup.ts"),
  },
  {
    name: "restore",
    group: "Data:",
    summary: "bring back files of a backup, or a volume from its snapshot",
    load: () => import("./restore.ts"),
  },
  {
    name: "simulate",
    group: "Nodes:",
    summary: "what a month would cost with which timers, on made-up load",
    load: () => import("./simulate.ts"),
  },
  {
    name: "services",
    group: "Services:",
    summary: "stacks of containers from Compose files: up, down, ps, logs, restart, pull, list, config",
    load: () => import("./services.ts"),
  },
  {
    name: "runbook",
    group: "Services:",
    summary: "seven failures: diagnose, recover at three levels, whom to call when",
    load: () => import("./runbook.ts"),
  },
  {
    name: "maintenance",
    group: "Services:",
    summary: "daily and weekly: logs, health report, disks, clean-up; print-unit for a timer",
    load: () => import("./maintenance.ts"),
  },
  {
    name: "tunnel",
    group: "Services:",
    summary: "public names for services through a Cloudflare tunnel: up, show, down, validate, token, rotate",
    load: () => import("./tunnel.ts"),
  },
  {
    name: "config",
    group: "This machine:",
    summary: "show, set, import, export a stack's config",
    load: () => import("./config.ts"),
  },
  {
    name: "env",
    group: "This machine:",
    summary: "print the exports that a plain pulumi needs here",
    load: () => import("./env.ts"),
  },
  {
    name: "local",
    group: "This machine:",
    summary: "the local cloud: start, stop, status, reset, fault, gpu, clock, bill, image",
    load: () => import("./local.ts"),
  },
  {
    name: "doctor",
    group: "This machine:",
    summary: "what is installed, what is missing, and how to mend it",
    load: () => import("./doctor.ts"),
  },
];

/** Options whose value is a word of its own. */
const WITH_VALUE = new Set(["--stack", "-s", "--cloud", "--cwd", "-C"]);

/** Builds the command line with only the called command's own code. */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("windlass")
    .description(
      "Raises GPU nodes on DigitalOcean when there is work, lowers them when there is none, and knows what they cost.",
    )
    .version("0.1.0")
    // Otherwise a group (node, backup) takes the options that stand behind its command, and the command never sees them.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(windlass --help shows the commands)")
    .addHelpText("after", EXAMPLES);
  const called = calledCommand(args);
  for (const { name, group, summary, load } of COMMANDS) {
    const command = name === called ? (await load()).default() : new Command(name);
    program.addCommand(inherit(command.description(summary).helpGroup(group)));
  }
  return program;
}

const EXAMPLES = `
Every command takes --stack NAME, --cloud local|digitalocean, --json and --cwd DIR.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by policy or budget, 4 partly done, 130 stopped by Ctrl-C.

Examples:
  $ windlass up --yes                 the dev stack, on the local cloud: no account, no cost
  $ windlass preview --stack prod     what would change, and what it would cost
  $ windlass node ssh                 a shell on the node
  $ windlass down                     remove the node, keep the volume`;

/** Commands that have commands of their own. */
const GROUPS = new Set([
  "node",
  "policy",
  "cost",
  "backup",
  "config",
  "local",
  "budget",
  "services",
  "tunnel",
  "health",
]);

/** Options may stand before the command too, as `pulumi` and `docker` have it: they are moved behind it. */
export function optionsLast(args: readonly string[]): string[] {
  let start = 0;
  while (args[start]?.startsWith("-") && args[start] !== "--") start += WITH_VALUE.has(args[start] ?? "") ? 2 : 1;
  if (start === 0 || start >= args.length) return [...args];
  const words = GROUPS.has(args[start] ?? "") && !args[start + 1]?.startsWith("-") ? 2 : 1;
  return [...args.slice(start, start + words), ...args.slice(0, start), ...args.slice(start + words)];
}

/** Mistakes are thrown, so that there is one place that prints and exits. */
function inherit(command: Command): Command {
  command.exitOverride();
  for (const child of command.commands) inherit(child);
  return command;
}

function calledCommand(args: readonly string[]): string | undefined {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (WITH_VALUE.has(arg)) i++;
    else if (arg === "help") continue;
    else if (!arg.startsWith("-")) return arg;
  }
  return undefined;
}
