import { styleText } from "node:util";
import { type Command, InvalidArgumentError } from "commander";
import { type ServiceLine, servicesLogs } from "../services/logs.ts";
import { FILES, type ServicesFlags, servicesCommand, servicesOptions } from "./services-flags.ts";

interface LogsFlags extends ServicesFlags {
  follow?: boolean;
  tail?: number;
  since?: string;
  timestamps?: boolean;
}

export function logsCommand(): Command {
  return servicesCommand("logs")
    .argument("<file>", FILES)
    .argument("[service...]", "which services (default: all)")
    .option("-f, --follow", "go on with what is written from now on, until Ctrl-C")
    .option("-n, --tail <lines>", "only the last lines of each container", lines)
    .option("--since <time>", "only newer lines: 10m, 2h, or 2026-01-02T03:04:05Z")
    .option("-t, --timestamps", "with the time of each line")
    .description("what the services write, merged by time (--json: one JSON object a line)")
    .addHelpText(
      "after",
      "\nExamples:\n  $ windlass services logs shop web --tail 50\n  $ windlass services logs shop -f --json | jq -r .text",
    )
    .action(logs);
}

function lines(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("give a number of lines");
  return Number(text);
}

async function logs(file: string, services: string[], flags: LogsFlags): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  const { follow, tail, since } = flags;
  const found = servicesLogs({
    ...servicesOptions(flags),
    files: [file],
    services,
    signal: stop.signal,
    ...(follow ? { follow } : {}),
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
  });
  try {
    for await (const line of found) process.stdout.write(`${flags.json ? JSON.stringify(line) : shown(line, flags)}\n`);
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
  }
}

const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "redBright"] as const;
const known = new Map<string, (typeof COLOURS)[number]>();

/** Each container has its colour, in the order in which they first speak. */
function shown({ container, time, text }: ServiceLine, { timestamps }: LogsFlags): string {
  const colour = known.get(container) ?? COLOURS[known.size % COLOURS.length] ?? "cyan";
  known.set(container, colour);
  const name = styleText(colour, `${container} |`, { stream: process.stdout });
  return `${name} ${timestamps ? `${time} ` : ""}${text}`;
}
