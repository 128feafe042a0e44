import { once } from "node:events";
import { styleText } from "node:util";
import { type Command, InvalidArgumentError } from "commander";
import { logRecord } from "../../domain/services/log-record.ts";
import type { ServiceLine } from "../services/logs.ts";
import { FILES, type ServicesFlags, servicesCommand, servicesOptions } from "./services-flags.ts";

interface LogsFlags extends ServicesFlags {
  follow?: boolean;
  tail?: number;
  since?: string;
  until?: string;
  timestamps?: boolean;
}

export function logsCommand(): Command {
  return servicesCommand("logs")
    .argument("<file>", FILES)
    .argument("[service...]", "which services (default: all)")
    .option("-f, --follow", "go on with what is written from now on, until Ctrl-C")
    .option("-n, --tail <lines>", "only the last lines of each container", lines)
    .option("--since <time>", "only newer lines: 10m, 2h, or 2026-01-02T03:04:05Z")
    .option("--until <time>", "only older lines, written the same way")
    .option("-t, --timestamps", "with the time of each line")
    .description("what the services write, merged by time (--json: one JSON object a line)")
    .addHelpText("after", EXAMPLES)
    .action(logs);
}

const EXAMPLES = `
--follow goes on through restarts and with containers that are made meanwhile; it ends when nothing runs any more.
--json: {"timestamp","service","container","stream","level","message","fields"}. A line that is a JSON object is taken apart: level, message, and
the rest as fields; another has neither level nor fields.

Examples:
  $ windlass services logs shop web --tail 50
  $ windlass services logs shop --since 2h --until 90m --timestamps
  $ windlass services logs shop -f --json | jq -r 'select(.level == "error") | .message'`;

function lines(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("give a number of lines");
  return Number(text);
}

async function logs(file: string, services: string[], flags: LogsFlags): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  // A reader that has seen enough (`| head`) ends what is followed.
  process.stdout.once("error", end);
  const { follow, tail, since, until } = flags;
  const { servicesLogs } = await import("../services/logs.ts");
  const found = servicesLogs({
    ...servicesOptions(flags),
    files: [file],
    services,
    signal: stop.signal,
    ...(follow ? { follow } : {}),
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  });
  const show = flags.json
    ? (line: ServiceLine) => JSON.stringify(logRecord(line))
    : shownLines(flags.timestamps === true);
  try {
    for await (const line of found)
      if (!process.stdout.write(`${show(line)}\n`) && !stop.signal.aborted)
        await once(process.stdout, "drain", { signal: stop.signal }).catch(() => {});
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    process.stdout.off("error", end);
  }
}

const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "redBright"] as const;

/** Lines as people read them: each service has its colour, in the order in which they first speak; names as wide as the widest so far. */
export function shownLines(timestamps: boolean): (line: ServiceLine) => string {
  const colours = new Map<string, (typeof COLOURS)[number]>();
  let width = 0;
  return ({ service, container, time, text }) => {
    const colour = colours.get(service) ?? COLOURS[colours.size % COLOURS.length] ?? "cyan";
    colours.set(service, colour);
    width = Math.max(width, container.length);
    const name = styleText(colour, `${container.padEnd(width)} |`, { stream: process.stdout });
    return `${name} ${timestamps ? `${time} ` : ""}${text}`;
  };
}
