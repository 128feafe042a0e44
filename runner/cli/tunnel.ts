import { Command, Option } from "commander";
import { resolveTarget } from "../target.ts";
import type { TunnelOptions } from "../tunnel/access.ts";
import { type TunnelDownPlan, tunnelDown } from "../tunnel/down.ts";
import { checkTunnel } from "../tunnel/file.ts";
import { showTunnel } from "../tunnel/show.ts";
import { type RotatePlan, rotateTunnelToken, tunnelToken } from "../tunnel/token.ts";
import { type TunnelPlan, tunnelUp } from "../tunnel/up.ts";
import { ask, refuseWithoutTerminal } from "./confirm.ts";
import { bold, changesLine, dim, print, printJson, table } from "./output.ts";
import { doneLine } from "./services-up.ts";
import { withSession } from "./session.ts";

interface TunnelFlags {
  cloud?: "cloudflare" | "local";
  json?: boolean;
  yes?: boolean;
  dryRun?: boolean;
  force?: boolean;
  disconnect?: boolean;
  url?: string[];
}

const EXAMPLES = `
A tunnel's file has the form of cloudflared's own config.yml: tunnel (a name), ingress, originRequest. CLOUDFLARE_API_TOKEN says who asks;
--cloud local needs no account. docs/tunnel.md tells more.

Examples:
  $ windlass tunnel validate agent-nas --url https://api.blueflyagents.com/health
  $ windlass tunnel up agent-nas --cloud local --yes
  $ windlass tunnel up tunnel.yaml --dry-run
  $ TUNNEL_TOKEN=$(windlass tunnel token agent-nas) IMAGE_TAG=4f2a9c1 windlass services up agent-nas
  $ windlass tunnel show agent-nas
  $ windlass tunnel rotate agent-nas --disconnect
  $ windlass tunnel down agent-nas`;

const FILE = "a file, a name of the catalog, or the name of a tunnel that was made here";

export default function command(): Command {
  const tunnel = new Command("tunnel").addHelpText("after", EXAMPLES);
  tunnel.addCommand(
    changing(asked("up"))
      .argument("<file>", "a file in the form of cloudflared's config.yml, or a name of the catalog")
      .description("make the tunnel, its rules and a DNS record for each hostname")
      .action(up),
  );
  tunnel.addCommand(
    asked("show")
      .argument("<tunnel>", FILE)
      .description("status, connectors, rules, and what differs from the file")
      .action(show),
  );
  tunnel.addCommand(
    changing(asked("down"))
      .argument("<tunnel>", FILE)
      .option("--force", "cut connectors that are still connected")
      .description("remove the tunnel and its DNS records")
      .action(down),
  );
  tunnel.addCommand(
    new Command("validate")
      .argument("<file>", "a file in the form of cloudflared's config.yml, or a name of the catalog")
      .option("--url <address...>", "tell which rule takes a request for this address")
      .option("--json", "print exactly one JSON document on stdout")
      .description("check a file by cloudflared's rules, without asking anybody")
      .action(validate),
  );
  tunnel.addCommand(
    asked("token")
      .argument("<tunnel>", FILE)
      .description("print what cloudflared is started with: a secret")
      .action(token),
  );
  tunnel.addCommand(
    changing(asked("rotate"))
      .argument("<tunnel>", FILE)
      .option("--disconnect", "cut every connection: connectors with the old token do not come back")
      .description("give the tunnel another token")
      .action(rotate),
  );
  return tunnel;
}

function asked(name: string): Command {
  return new Command(name)
    .addOption(
      new Option("--cloud <where>", "where the tunnel is (default: cloudflare)").choices(["cloudflare", "local"]),
    )
    .option("--json", "print exactly one JSON document on stdout; progress goes to stderr");
}

function changing(command: Command): Command {
  return command.option("-y, --yes", "do not ask").option("--dry-run", "only show what would be done");
}

function optionsOf(word: string, { cloud }: TunnelFlags): TunnelOptions {
  return { tunnel: word, ...(cloud ? { cloud } : {}), home: resolveTarget({ cloud: "local" }).home };
}

/** Answers of commands that change something: `--yes`, `--dry-run`, or a question. */
function asking<Plan>(flags: TunnelFlags, confirm: (plan: Plan) => Promise<boolean>) {
  if (flags.dryRun) return { dryRun: true };
  if (flags.yes) return {};
  refuseWithoutTerminal("--yes");
  return { confirm };
}

async function up(word: string, flags: TunnelFlags): Promise<void> {
  const confirm = async (plan: TunnelPlan) => {
    showPlan(plan);
    return ask(`Change tunnel ${plan.tunnel}?`, "--yes");
  };
  const choice = asking(flags, confirm);
  const result = await withSession((session) => tunnelUp({ ...session, ...optionsOf(word, flags), ...choice }));
  if (flags.json) return printJson(result);
  if (flags.dryRun) return showPlan(result);
  const { tunnel, id, changes, hostnames, cloud } = result;
  print(bold(`Tunnel ${tunnel} (${id}): ${doneLine(changes)}.`));
  for (const { hostname } of hostnames) print(`  https://${hostname}`);
  const where = cloud === "local" ? " --cloud local" : "";
  print(`What cloudflared is started with: windlass tunnel token ${tunnel}${where}`);
}

function showPlan({ tunnel, account, steps, changes }: TunnelPlan): void {
  const what = steps.length === 0 ? "as the file says" : changesLine(changes);
  print(bold(`Tunnel ${tunnel} of account ${account}: ${what}`));
  for (const { action, kind, name, changed } of steps)
    print(`  ${action} ${kind} ${name}${changed.length > 0 ? dim(` (${changed.join(", ")})`) : ""}`);
}

async function show(word: string, flags: TunnelFlags): Promise<void> {
  const shown = await withSession((session) => showTunnel({ ...session, ...optionsOf(word, flags) }));
  if (flags.json) return printJson(shown);
  print(bold(`Tunnel ${shown.tunnel} (${shown.id}) is ${shown.status}.`));
  for (const { id, version, connections, since } of shown.connectors)
    print(`  connector ${id}: cloudflared ${version}, ${connections} connections since ${since}`);
  print(...ruleTable(shown.rules));
  if (shown.drift.length > 0) print(bold(`It differs from ${shown.file}:`), ...shown.drift.map((line) => `  ${line}`));
}

function ruleTable(rules: { hostname: string | null; path: string | null; service: string }[]): string[] {
  const rows = rules.map(({ hostname, path, service }, index) => [
    String(index + 1),
    hostname ?? "*",
    path ?? "",
    service,
  ]);
  return table(["RULE", "HOSTNAME", "PATH", "SERVICE"], rows);
}

async function down(word: string, flags: TunnelFlags): Promise<void> {
  const confirm = async (plan: TunnelDownPlan) => {
    showDown(plan);
    return ask(`Remove tunnel ${plan.tunnel}?`, "--yes");
  };
  const choice = { ...asking(flags, confirm), ...(flags.force ? { force: true } : {}) };
  const result = await withSession((session) => tunnelDown({ ...session, ...optionsOf(word, flags), ...choice }));
  if (flags.json) return printJson(result);
  if (flags.dryRun) return showDown(result);
  print(bold(`Tunnel ${result.tunnel} is gone, and ${result.records.length} DNS records with it.`));
}

function showDown({ tunnel, id, records, connectors }: TunnelDownPlan): void {
  print(bold(`Tunnel ${tunnel} (${id}), to remove:`), `  - the tunnel and its token`);
  for (const name of records) print(`  - DNS record ${name}`);
  if (connectors > 0) print(`  ${connectors} connectors are connected`);
}

function validate(word: string, flags: TunnelFlags): void {
  const checked = checkTunnel(word, flags.url);
  if (flags.json) {
    printJson(checked);
    return;
  }
  for (const { key, line } of checked.ignored)
    process.stderr.write(`warning: ${checked.file}:${line}: ${key} is not applied: it is the connector's\n`);
  print(...ruleTable(checked.rules));
  for (const { url, rule, service } of checked.matches) print(`${url} goes to ${service} by rule ${rule}`);
}

async function token(word: string, flags: TunnelFlags): Promise<void> {
  const secret = await withSession((session) => tunnelToken({ ...session, ...optionsOf(word, flags) }));
  if (flags.json) printJson({ token: secret });
  else print(secret);
}

async function rotate(word: string, flags: TunnelFlags): Promise<void> {
  const confirm = async ({ tunnel, connectors }: RotatePlan) => {
    print(`Tunnel ${tunnel} gets another token; ${connectors} connectors are connected with the one of now.`);
    return ask("Go ahead?", "--yes");
  };
  const choice = { ...asking(flags, confirm), ...(flags.disconnect ? { disconnect: true } : {}) };
  const result = await withSession((session) =>
    rotateTunnelToken({ ...session, ...optionsOf(word, flags), ...choice }),
  );
  if (flags.json) return printJson(result);
  if (flags.dryRun)
    return print(`Tunnel ${result.tunnel} would get another token; ${result.connectors} connectors are connected.`);
  print(bold(`Tunnel ${result.tunnel} has another token.`));
  print(`Start cloudflared with it: TUNNEL_TOKEN=$(windlass tunnel token ${result.tunnel}) windlass services up ...`);
  if (result.connectors > 0 && !result.disconnected)
    print(
      `${result.connectors} connectors stay connected with the old one until they are started again; --disconnect cuts them.`,
    );
}
