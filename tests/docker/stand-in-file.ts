import { stringify } from "yaml";
import type { ComposeProject } from "../../domain/compose/model.ts";
import type { ServiceImages } from "../../tools/images/service-images.ts";
import { standInFile } from "../../tools/images/stand-in/stand-ins.ts";
import { PREFIX } from "./docker-fixture.ts";

/** Memory of a service with a limit: a stand-in takes 10 MiB, Prometheus and PostgreSQL more. */
const MEMORY = { standIn: "64M", real: "512M" };

/** Of a health check: the declared interval is too long to wait for, the declared patience too short for a machine with other work. */
export const SOON = "{ interval: 2s, timeout: 30s, retries: 10 }";

/**
 * What is merged over a file of the catalog: other images in place of the declared ones, any free ports, health asked soon and given up late,
 * and none of what this machine may lack (a GPU, CPUs).
 * @param images by service; stand-ins for all without it
 */
export function here(project: ComposeProject, { images, real }: Partial<ServiceImages> = {}): string {
  const { services } = standInFile(project);
  const changes = Object.entries(project.services).map(([name, { ports, deploy }]) => {
    const memory = real?.has(name) ? MEMORY.real : MEMORY.standIn;
    const published = (ports ?? []).map(({ target }) => `      - "127.0.0.1::${target}"`);
    return [
      `  ${name}:`,
      `    image: ${images?.get(name) ?? services[name]?.image}`,
      ...(published.length > 0 ? ["    ports: !override", ...published] : []),
      `    healthcheck: ${SOON}`,
      ...(deploy?.resources
        ? [`    deploy: !override { resources: { limits: { cpus: "0.5", memory: ${memory} } } }`]
        : []),
    ].join("\n");
  });
  return ["services:", ...changes, stringify({ networks: { default: { name: `${PREFIX}-${project.name}` } } })].join(
    "\n",
  );
}
