import { Command } from "commander";
import type { CatalogStack } from "../services/catalog.ts";
import { bold, print, printJson } from "./output.ts";

/** `windlass services list`. */
export function listCommand(): Command {
  return new Command("list")
    .option("--json", "one JSON document")
    .description("the Compose files of the catalog: their services, ports, and the variables they want")
    .action(async ({ json }: { json?: boolean }) => {
      const { listCatalog } = await import("../services/catalog.ts");
      const stacks = listCatalog();
      if (json) printJson(stacks);
      else stacks.forEach(printStack);
    });
}

function printStack({ name, description, services, required, optional, secrets }: CatalogStack): void {
  const rows = [
    ["services", services.map(serviceText).join(", ")],
    ["must be set", required.join(", ")],
    [
      "may be set",
      Object.entries(optional)
        .map(([variable, value]) => `${variable} (${value})`)
        .join(", "),
    ],
    ["secrets", secrets.join(", ")],
  ];
  print(`${bold(name)}: ${description}`);
  for (const [title = "", text] of rows) if (text) print(`  ${title.padEnd(12)} ${text}`);
  print("");
}

function serviceText({ name, ports, profiles }: CatalogStack["services"][number]): string {
  const where = ports.map((port) => port.split(":").at(-1)).join(" ");
  const when = profiles.length > 0 ? ` (--profile ${profiles.join(" or ")})` : "";
  return `${name}${where ? ` ${where}` : ""}${when}`;
}
