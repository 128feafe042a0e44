import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { UserError } from "../../domain/errors.ts";
import { type ConfigShown, exportConfig, importConfig, setConfig, showConfig } from "../config.ts";
import { devcontainerCommand } from "./config-devcontainer.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { dim, print, printJson, table } from "./output.ts";

export default function command(): Command {
  const config = new Command("config").addHelpText(
    "after",
    `
Examples:
  $ windlass config show --stack prod
  $ windlass config set gpuSize gpu-h100x1-80gb
  $ windlass config set --secret digitalocean:token dop_v1_...
  $ windlass config import .env --stack prod
  $ windlass config export --stack prod > .env
  $ windlass config devcontainer`,
  );
  config.addCommand(stackCommand("show").description("everything, with defaults filled in").action(show));
  config.addCommand(
    stackCommand("set")
      .argument("<key>", "without a namespace: windlass:")
      .argument("<value>", "text, a number, or a list with commas")
      .option("--secret", "encrypt the value")
      .description("set one value")
      .action(set),
  );
  config.addCommand(
    stackCommand("import").argument("<file>", "a .env file").description("take over a .env file").action(take),
  );
  config.addCommand(
    stackCommand("export")
      .argument("[file]", "a .env file (default: stdout)")
      .option("--show-secrets", "write secrets too")
      .description("write a .env file")
      .action(give),
  );
  config.addCommand(devcontainerCommand());
  return config;
}

function show(options: CommonOptions): void {
  report(showConfig(targetOptions(options)), options);
}

async function set(key: string, value: string, options: CommonOptions & { secret?: boolean }): Promise<void> {
  const values = { [key]: value };
  const shown = await setConfig({
    ...targetOptions(options),
    ...(options.secret ? { values: {}, secrets: values } : { values }),
  });
  report(shown, options);
}

async function take(file: string, options: CommonOptions): Promise<void> {
  report(await importConfig({ ...targetOptions(options), file }), options);
}

async function give(file: string | undefined, options: CommonOptions & { showSecrets?: boolean }): Promise<void> {
  const text = await exportConfig({ ...targetOptions(options), showSecrets: options.showSecrets === true });
  if (options.json) {
    printJson({ file: file ?? null, text });
    return;
  }
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UserError(
      "UsageError",
      { reason: `${file} is there already`, suggestion: "name another file" },
      { exitCode: 2 },
    );
  }
}

function report(shown: ConfigShown, options: CommonOptions): void {
  if (options.json) {
    printJson(shown);
    return;
  }
  const rows = Object.entries(shown.config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
    shown.set.includes(key) ? shown.file : "default",
  ]);
  print(...table(["KEY", "VALUE", "FROM"], rows));
  for (const key of shown.secrets) print(`${key}  ${dim("[secret]")}`);
}
