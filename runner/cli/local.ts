import { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import {
  type AbandonedCloud,
  addLocalZone,
  buildDropletImages,
  control,
  localCloudStatus,
  pruneLocalClouds,
  resetLocalCloud,
  startLocalCloud,
  stopLocalCloud,
} from "../local-cloud.ts";
import { resolveTarget } from "../target.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { type CommonOptions, changingCommand, stackCommand, targetOptions } from "./options.ts";
import { print, printJson, table } from "./output.ts";
import { withSession } from "./session.ts";

interface LocalFlags extends CommonOptions {
  backend?: string;
  port?: string;
  actionScale?: string;
  clock?: string;
}

export default function command(): Command {
  const local = new Command("local").addHelpText(
    "after",
    `
Examples:
  $ windlass local start --backend docker
  $ windlass local fault capacity --set size=gpu-h100x1-80gb
  $ windlass local fault status --set path=/v2/volumes --set status=429 --set retryAfter=3
  $ windlass local gpu 1 --set utilization=97
  $ windlass local clock advance 86400
  $ windlass local bill --json
  $ windlass local prune --dry-run`,
  );
  local.addCommand(
    stackCommand("start")
      .option("--backend <kind>", "what stands behind a droplet: docker (a container) or none (default: docker)")
      .option("--port <number>", "port of the API (default: the last one, else a free one)")
      .option("--action-scale <factor>", "1 = actions take as long as at DigitalOcean, 0 = no time")
      .option("--clock <mode>", "real, scaled or driven")
      .description("start it")
      .action(start),
  );
  local.addCommand(stackCommand("stop").description("stop it; what it holds stays").action(stop));
  local.addCommand(stackCommand("status").description("whether it runs, and what it holds").action(status));
  local.addCommand(
    stackCommand("reset").option("-y, --yes", "do not ask").description("remove everything it holds").action(reset),
  );
  local.addCommand(
    changingCommand("prune")
      .argument("[folder...]", "only clouds whose data lay there (default: all whose folder is gone)")
      .description("remove what local clouds left in the Docker engine whose folder is gone")
      .action(prune),
  );
  local.addCommand(
    stackCommand("fault")
      .argument(
        "[kind]",
        "status, status-after-commit, drop, drop-after-commit, delay, capacity, stuck-action, errored-action, ssh-down; none lists them",
      )
      .option(
        "--set <field=value...>",
        "method, path, times, probability, status, retryAfter, seconds, size, region, actionType",
      )
      .option("--clear [id]", "remove one rule, or all")
      .description("make the cloud misbehave")
      .action(fault),
  );
  local.addCommand(
    stackCommand("gpu")
      .argument("<droplet>", "id of the droplet")
      .option("--set <field=value...>", "utilization (0-100), memoryUsedMiB, temperatureC, powerW")
      .description("show or set the load that nvidia-smi tells")
      .action(gpu),
  );
  local.addCommand(
    stackCommand("clock")
      .argument("[action]", "advance, real, scaled or driven")
      .argument("[number]", "seconds to advance, or the scale")
      .description("show, advance or set the cloud's clock")
      .action(clock),
  );
  local.addCommand(
    stackCommand("bill")
      .option("--at <time>", "up to this moment, ISO 8601")
      .description("what was used so far")
      .action(bill),
  );
  local.addCommand(
    stackCommand("zone")
      .argument("<domain>", "as in example.com")
      .description("add a domain to the local Cloudflare account, for tunnels")
      .action(zone),
  );
  local.addCommand(stackCommand("image").description("build the image that droplets start from").action(image));
  return local;
}

function home(flags: CommonOptions): string {
  return resolveTarget({ ...targetOptions(flags), cloud: "local" }).home;
}

async function start(flags: LocalFlags): Promise<void> {
  const cloud = await withSession(({ signal, onEvent }) =>
    startLocalCloud({
      home: home(flags),
      signal,
      onEvent,
      ...(flags.backend ? { backend: flags.backend } : {}),
      ...(flags.port ? { port: number(flags.port, "--port") } : {}),
      ...(flags.actionScale ? { actionScale: number(flags.actionScale, "--action-scale") } : {}),
      ...(flags.clock ? { clock: flags.clock } : {}),
    }),
  );
  const { url, token, pid, backend } = cloud;
  if (flags.json) return printJson({ url, token, pid, backend });
  print(`The local cloud ${cloud.started ? "runs" : "was running"} at ${url} (backend ${backend}, process ${pid}).`);
}

async function stop(flags: CommonOptions): Promise<void> {
  const result = await stopLocalCloud({ home: home(flags) });
  if (flags.json) printJson(result);
  else print(result.stopped ? "The local cloud is stopped; what it holds stays." : "The local cloud was not running.");
}

async function status(flags: CommonOptions): Promise<void> {
  const result = await localCloudStatus({ home: home(flags) });
  if (flags.json) return printJson(result);
  if (!result.running) return print("The local cloud is not running.");
  print(
    `The local cloud runs at ${result.url} (backend ${result.backend}, process ${result.pid}), its time is ${result.now}.`,
  );
  print(
    ...table(
      ["OBJECTS", "COUNT"],
      Object.entries(result.objects ?? {}).map(([kind, count]) => [kind, String(count)]),
    ),
  );
}

async function reset(flags: CommonOptions): Promise<void> {
  if (
    !flags.yes &&
    !(await ask("Remove every droplet, volume and other object of the local cloud, with all data?", "--yes"))
  )
    return;
  await resetLocalCloud({ home: home(flags) });
  if (flags.json) printJson({ reset: true });
  else print("The local cloud is empty. Stacks that had something there notice it at their next windlass refresh.");
}

async function prune(folders: string[], flags: CommonOptions): Promise<void> {
  if (!flags.yes && !flags.dryRun) refuseWithoutTerminal("--yes");
  let found: AbandonedCloud[] = [];
  const confirm = async (clouds: AbandonedCloud[]) => {
    found = clouds;
    if (flags.dryRun) return false;
    if (flags.yes) return true;
    showAbandoned(clouds);
    return ask("Remove all of this, with the data on the disks?", "--yes");
  };
  const removed = await withSession((session) =>
    pruneLocalClouds({ ...session, confirm, ...(folders.length > 0 ? { folders } : {}) }),
  );
  if (flags.json) return printJson({ [flags.dryRun ? "wouldRemove" : "removed"]: flags.dryRun ? found : removed });
  if (found.length === 0) return print("Nothing is left of local clouds whose folder is gone.");
  if (flags.dryRun) return showAbandoned(found);
  print(...removed.map(({ folder }) => `Nothing is left of the local cloud in ${folder}.`));
}

function showAbandoned(clouds: AbandonedCloud[]): void {
  for (const { folder, containers, networks, volumes, images } of clouds) {
    print(`The local cloud in ${folder}, which is gone, left:`);
    const kinds = { container: containers, network: networks, volume: volumes, snapshot: images };
    for (const [kind, names] of Object.entries(kinds)) for (const name of names) print(`  - ${kind} ${name}`);
  }
}

async function fault(
  kind: string | undefined,
  flags: CommonOptions & { set?: string[]; clear?: string | boolean },
): Promise<void> {
  const options = { home: home(flags) };
  if (flags.clear)
    await control(options, "DELETE", typeof flags.clear === "string" ? `faults/${flags.clear}` : "faults");
  if (kind) await control(options, "POST", "faults", { kind, ...fields(flags.set) });
  const rules = await control(options, "GET", "faults");
  if (flags.json) printJson(rules);
  else print(JSON.stringify(rules, null, 2));
}

async function gpu(droplet: string, flags: CommonOptions & { set?: string[] }): Promise<void> {
  const options = { home: home(flags) };
  if (flags.set) await control(options, "PUT", `gpu/${droplet}`, { gpus: fields(flags.set) });
  printJson(await control(options, "GET", `gpu/${droplet}`));
}

async function clock(action: string | undefined, amount: string | undefined, flags: CommonOptions): Promise<void> {
  const options = { home: home(flags) };
  if (action === "advance")
    await control(options, "POST", "clock/advance", { seconds: number(amount ?? "", "the seconds") });
  else if (action)
    await control(options, "PUT", "clock", { mode: action, ...(amount ? { scale: number(amount, "the scale") } : {}) });
  printJson(await control(options, "GET", "clock"));
}

interface Bill {
  total: number;
  resources: { kind: string; name: string; hourly: number; since: string; until: string | null; amount: number }[];
}

async function bill(flags: CommonOptions & { at?: string }): Promise<void> {
  const at = flags.at ? `?at=${encodeURIComponent(flags.at)}` : "";
  const result = await control<Bill>({ home: home(flags) }, "GET", `bill${at}`);
  if (flags.json) return printJson(result);
  const rows = result.resources.map((r) => [
    r.kind,
    r.name,
    `$${r.hourly.toFixed(4)}`,
    r.since,
    r.until ?? "",
    `$${r.amount.toFixed(4)}`,
  ]);
  print(...table(["KIND", "NAME", "PER HOUR", "SINCE", "UNTIL", "AMOUNT"], rows), `total: $${result.total.toFixed(4)}`);
}

async function image(flags: CommonOptions): Promise<void> {
  const images = await withSession(({ signal, onEvent }) => buildDropletImages({ home: home(flags), signal, onEvent }));
  if (flags.json) printJson({ images });
  else print(...images);
}

/** `a=1 b=two` as an object; numbers become numbers. */
function fields(pairs: readonly string[] = []): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      const value = rest.join("=");
      return [name, value !== "" && Number.isFinite(Number(value)) ? Number(value) : value];
    }),
  );
}

function number(text: string, what: string): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value)) return value;
  throw new UserError(
    "UsageError",
    { reason: `${what} "${text}" is not a number`, suggestion: "give a number" },
    { exitCode: 2 },
  );
}

async function zone(domain: string, flags: CommonOptions): Promise<void> {
  const made = await withSession(({ signal, onEvent }) => addLocalZone({ home: home(flags), signal, onEvent }, domain));
  if (flags.json) printJson(made);
  else print(`${made.name} is a zone of the local Cloudflare account (${made.id}).`);
}
