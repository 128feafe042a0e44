import { Command } from "commander";
import { windlassHome } from "../own-root.ts";
import { print, printJson, table } from "./output.ts";

/** `windlass services settings`. */
export function settingsCommand(): Command {
  return new Command("settings")
    .option("--json", "one JSON document")
    .description("how service stacks are run on this machine: each setting, and who set it")
    .addHelpText("after", HELP)
    .action(settings);
}

const HELP = `
An option of a command wins over the environment, the environment over the file, the file over the defaults. The file is $WINDLASS_CONFIG,
else .windlass/config.toml, else ~/.dspy-agent/config.toml.

Examples:
  $ windlass services settings
  $ WINDLASS_GPU_WAIT=600 windlass services settings --json | jq .settings`;

async function settings({ json }: { json?: boolean }): Promise<void> {
  const { readSettings } = await import("../services/settings.ts");
  const { shown, file, stack, unused } = readSettings(windlassHome());
  const own = [...stack.off].map(([name, where]) => ({ key: `services.${name}`, value: false, from: "file", where }));
  const ports = [...stack.ports].map(([name, { port, where }]) => ({
    key: `ports.${name}`,
    value: port,
    from: "file",
    where,
  }));
  const all = [...shown, ...own, ...ports];
  if (json) {
    printJson({ file: file ?? null, settings: all });
    return;
  }
  for (const text of unused) process.stderr.write(`warning: ${text}\n`);
  const rows = all.map(({ key, value, from, where }) => [key, value === null ? "-" : String(value), where ?? from]);
  print(...table(["KEY", "VALUE", "FROM"], rows));
}
