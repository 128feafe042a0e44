import type { Command } from "commander";
import { type StatusResult, status } from "../status.ts";
import { type CommonOptions, stackCommand, targetOptions } from "./options.ts";
import { bold, costLine, print, printJson, table } from "./output.ts";

export default function command(): Command {
  return stackCommand("status")
    .addHelpText(
      "after",
      `
Reads the state and asks the cloud only how the nodes are; windlass refresh --dry-run looks for drift.

Examples:
  $ windlass status
  $ windlass status --stack prod --json | jq .cost.monthly`,
    )
    .action(async (options: CommonOptions) => {
      const result = await status(targetOptions(options));
      if (options.json) printJson(result);
      else show(result);
    });
}

function show(result: StatusResult): void {
  const { stack, cloud, state, nodes, cost, lastUpdate, localCloud } = result;
  print(bold(`Stack ${stack} on ${cloud}: ${state}, ${result.resources} resources`));
  if (nodes.length > 0) {
    const rows = nodes.map((node) => [
      node.name,
      String(node.droplet_id),
      node.status,
      node.size,
      node.region,
      node.ip_address,
    ]);
    print("", ...table(["NODE", "DROPLET", "STATUS", "SIZE", "REGION", "ADDRESS"], rows), "");
    for (const { volumes } of nodes) {
      for (const volume of volumes)
        print(
          `volume ${volume.name} (${volume.id}), ${volume.size_gb} GiB${volume.mount_point ? ` at ${volume.mount_point}` : ""}`,
        );
    }
  }
  for (const { name, status: phase, since, image, still_billed, monthly_usd, resume } of result.stopped) {
    const from = image ? `, resume starts from ${image}` : "";
    print(
      "",
      `${name} is ${phase}${since ? ` since ${since}` : ""}${from}; it still costs $${monthly_usd.toFixed(2)} per month:`,
    );
    for (const { kind, name: thing, monthlyUsd } of still_billed)
      print(`  ${kind} ${thing}, $${monthlyUsd.toFixed(2)}`);
    print(`  bring it back: ${resume}`, "");
  }
  print(`${costLine(cost)}, $${cost.daily.toFixed(2)} per day`);
  if (lastUpdate) print(`last ${lastUpdate.kind}: ${lastUpdate.result}, ${lastUpdate.endedAt}`);
  if (localCloud)
    print(
      localCloud.running
        ? `local cloud: ${localCloud.url} (backend ${localCloud.backend})`
        : "local cloud: not running",
    );
  print(`drift: ${result.drift}`);
  if (state === "interrupted") print("the last update died: run windlass recover (windlass up does it by itself)");
}
