import { stringify } from "yaml";
import type { ComposeProject } from "../../domain/compose/model.ts";
import { standInFile } from "../../tools/images/stand-in/stand-ins.ts";
import { PREFIX } from "./docker-fixture.ts";

/**
 * What is merged over a file of the catalog: stand-ins in place of the images, any free ports, health asked every second, and none of what this
 * machine may lack (a GPU, CPUs).
 */
export function here(project: ComposeProject): string {
  const { services } = standInFile(project);
  const changes = Object.entries(project.services).map(([name, { ports, deploy }]) => {
    const published = (ports ?? []).map(({ target }) => `      - "127.0.0.1::${target}"`);
    return [
      `  ${name}:`,
      `    image: ${services[name]?.image}`,
      ...(published.length > 0 ? ["    ports: !override", ...published] : []),
      "    healthcheck: { interval: 1s }",
      ...(deploy?.resources ? [`    deploy: !override { resources: { limits: { cpus: "0.5", memory: 64M } } }`] : []),
    ].join("\n");
  });
  return ["services:", ...changes, stringify({ networks: { default: { name: `${PREFIX}-${project.name}` } } })].join(
    "\n",
  );
}
