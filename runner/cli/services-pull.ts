import type { Command } from "commander";
import { bold, print, printJson, table } from "./output.ts";
import { FILES, type ServicesFlags, servicesCommand, servicesOptions } from "./services-flags.ts";
import { withSession } from "./session.ts";

interface PullFlags extends ServicesFlags {
  dryRun?: boolean;
}

export function pullCommand(): Command {
  return servicesCommand("pull")
    .argument("[file]", FILES)
    .argument("[service...]", "which services (default: all)")
    .option("--dry-run", "only show what would be pulled")
    .description("bring the images again, also those that are there; what runs stays until the next up")
    .addHelpText(
      "after",
      "\nup pulls what is missing by itself.\n\nExamples:\n  $ windlass services pull shop\n  $ windlass services pull compose.yaml web --host ssh://root@nas",
    )
    .action(pull);
}

async function pull(file: string | undefined, services: string[], flags: PullFlags): Promise<void> {
  const { servicesPull } = await import("../services/pull.ts");
  const options = { ...servicesOptions(flags), files: file === undefined ? [] : [file], services };
  const result = await withSession((session) =>
    servicesPull({ ...session, ...options, ...(flags.dryRun ? { dryRun: true } : {}) }),
  );
  if (flags.json) return printJson(result);
  const { project, host, pulls, images, others } = result;
  if (others.length > 0) print(`Not pulled, for they are built or never pulled: ${others.join(", ")}`);
  if (flags.dryRun) return print(`To pull: ${pulls.join(", ") || "nothing"}`);
  const rows = images.map((image) => [image.name, image.services.join(", "), image.changed ? "new" : "as it was"]);
  if (rows.length > 0) print(...table(["IMAGE", "SERVICES", ""], rows));
  const changed = images.filter((image) => image.changed).length;
  print(bold(`${project} on ${host}: ${changed === 0 ? "nothing new" : `${changed} new, used from the next up`}`));
}
