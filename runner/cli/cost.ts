import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { cost } from "../pricing/index.ts";
import { actualCommand } from "./cost-actual.ts";
import { adviceCommand } from "./cost-advice.ts";
import { forecastCommand } from "./cost-forecast.ts";
import { markdown, text } from "./cost-text.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withSession } from "./session.ts";

interface CostFlags extends CommonOptions {
  plan?: string;
  state?: string;
  usage?: string;
  prices?: string;
  refresh?: boolean;
  markdown?: boolean;
}

export default function command(): Command {
  const group = stackCommand("cost")
    .enablePositionalOptions()
    .addOption(
      new Option("--plan <file>", "price what pulumi preview --json printed (- is stdin)").conflicts(["state", "cwd"]),
    )
    .addOption(
      new Option("--state <file>", "price what pulumi stack export printed (- is stdin)").conflicts(["plan", "cwd"]),
    )
    .option("--usage <file>", "quantities of what depends on usage (YAML)")
    .option("--prices <file>", "prices of everything beside droplets (YAML), in place of the catalog's")
    .option("--refresh", "read the droplet prices from DigitalOcean first; wants a token")
    .addOption(new Option("--markdown", "print Markdown for a pull request").conflicts("json"))
    .addHelpText("after", HELP)
    .action(async ({ plan, state, usage, prices, refresh, markdown: asMarkdown, ...options }: CostFlags) => {
      const files = Object.entries({ plan, state, usage, prices }).flatMap(([name, path]) =>
        path === undefined ? [] : [[name, path === "-" ? path : resolve(path)]],
      );
      const report = await withSession((session) =>
        cost({ ...targetOptions(options), ...session, ...Object.fromEntries(files), ...(refresh ? { refresh } : {}) }),
      );
      if (options.json) printJson(report);
      else print(...(asMarkdown ? markdown(report) : text(report)));
      if (options.json || asMarkdown)
        for (const warning of report.warnings) process.stderr.write(`warning: ${warning}\n`);
    });
  group.addCommand(forecastCommand());
  group.addCommand(actualCommand());
  group.addCommand(adviceCommand());
  return group;
}

const HELP = `
Prices a stack of ours, or with --cwd any Pulumi project that uses DigitalOcean, against what it has now. A month has 730 hours.
What depends on usage is shown with its unit price and is in the sums only as far as the usage file says how much it is.

Examples:
  $ windlass cost --stack prod
  $ windlass cost --cwd ../shop --markdown
  $ pulumi preview --json --show-sames | windlass cost --plan - --json | jq .diffMonthly
  $ windlass cost --usage usage.yaml
  $ windlass cost forecast               this month so far, and at its end
  $ windlass cost actual                 what was billed, and why it is not the estimate
  $ windlass cost advice                 what would cost less`;
