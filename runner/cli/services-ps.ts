import type { Command } from "commander";
import type { ServicePs, ServiceState } from "../services/ps.ts";
import { bold, print, printJson, table } from "./output.ts";
import { FILES, type ServicesFlags, servicesCommand, servicesOptions } from "./services-flags.ts";

export function psCommand(): Command {
  return servicesCommand("ps")
    .argument("[file...]", FILES)
    .description("what runs of it, with state, health, ports, and how often it was restarted")
    .addHelpText(
      "after",
      "\nExamples:\n  $ windlass services ps shop\n  $ windlass services ps compose.yaml --json | jq .services",
    )
    .action(ps);
}

async function ps(files: string[], flags: ServicesFlags): Promise<void> {
  const { servicesPs } = await import("../services/ps.ts");
  const result = await servicesPs({ ...servicesOptions(flags), files });
  if (flags.json) return printJson(result);
  print(bold(`${result.project} on ${result.host}`), ...stateLines(result.services));
}

/** A table of the containers. */
export function stateLines(services: readonly (ServiceState & Partial<ServicePs>)[]): string[] {
  if (services.length === 0) return ["no containers"];
  return table(
    ["SERVICE", "CONTAINER", "STATE", "HEALTH", "PORTS", "IMAGE"],
    services.map(({ name, container, state, status, health, ports, image, standIn, ...ends }) => [
      name,
      container ?? "-",
      (state === "exited" || state === "restarting" ? status : state) + endsText(state, ends),
      health ?? "-",
      portsLine(ports),
      `${image ?? "-"}${standIn ? " (stand-in)" : ""}`,
    ]),
  );
}

/** As in `, restarted 2 x, last exit 137 at 2026-01-02T03:04:05Z`; nothing where it has not been restarted. */
function endsText(state: string, { restarts, lastExit }: Partial<ServicePs>): string {
  const memory = lastExit?.outOfMemory ? ", out of memory" : "";
  if (!restarts) return memory;
  const exit =
    state === "running" && lastExit ? `, last exit ${lastExit.code ?? "?"} at ${lastExit.at.replace(/\.\d+/, "")}` : "";
  return `, restarted ${restarts} x${exit}${memory}`;
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
