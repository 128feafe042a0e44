import type { Command } from "commander";
import { type ServiceState, servicesPs } from "../services/ps.ts";
import { bold, print, printJson, table } from "./output.ts";
import { FILES, type ServicesFlags, servicesCommand, servicesOptions } from "./services-flags.ts";

export function psCommand(): Command {
  return servicesCommand("ps")
    .argument("[file...]", FILES)
    .description("what runs of it, with state, health and ports")
    .addHelpText(
      "after",
      "\nExamples:\n  $ windlass services ps shop\n  $ windlass services ps compose.yaml --json | jq .services",
    )
    .action(ps);
}

async function ps(files: string[], flags: ServicesFlags): Promise<void> {
  const result = await servicesPs({ ...servicesOptions(flags), files });
  if (flags.json) return printJson(result);
  print(bold(`${result.project} on ${result.host}`), ...stateLines(result.services));
}

/** A table of the containers. */
export function stateLines(services: readonly ServiceState[]): string[] {
  if (services.length === 0) return ["no containers"];
  return table(
    ["SERVICE", "CONTAINER", "STATE", "HEALTH", "PORTS", "IMAGE"],
    services.map(({ name, container, state, status, health, ports, image }) => [
      name,
      container ?? "-",
      state === "exited" || state === "restarting" ? status : state,
      health ?? "-",
      portsLine(ports),
      image ?? "-",
    ]),
  );
}

function portsLine(ports: ServiceState["ports"]): string {
  const lines = ports
    .filter(({ published }) => published !== null)
    .map(
      ({ ip, published, target, protocol, wanted }) =>
        `${ip?.includes(":") ? `[${ip}]` : (ip ?? "")}:${published}->${target}/${protocol}${wanted ? ` (for ${wanted})` : ""}`,
    );
  return lines.join(", ") || "-";
}
