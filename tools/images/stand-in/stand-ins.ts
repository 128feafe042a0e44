import type { ComposeProject, Service } from "../../../domain/compose/model.ts";

/** What an image has to have to run in place of a service, and to satisfy the health check that the service declares. */
export interface StandIn {
  service: string;
  /** Says that it is none of the real ones: `windlass-stand-in/grafana:1`. */
  image: string;
  /** What it listens on, each with the path that is answered with 200 if the health check asks for one: `3000/api/health`. */
  ports: string[];
  /** Names under which the program has to lie in the image, because the health check runs them: `/bin/sh`, `/usr/bin/curl`. */
  commands: string[];
}

/** Ports of health checks that name none. */
const usualPorts: Record<string, number> = { pg_isready: 5432, "redis-cli": 6379 };

/**
 * The stand-ins for every service of the project. Throws where neither ports nor health check say what a service listens on.
 * @param repository what the images' names begin with
 */
export function standIns(project: ComposeProject, repository = "windlass-stand-in"): StandIn[] {
  return Object.entries(project.services).map(([service, own]) => ({
    service,
    image: `${repository}/${service}:1`,
    ports: portsOf(service, own),
    commands: commandsOf(own),
  }));
}

/** A Compose file that puts the stand-ins in the services' places when it is merged over theirs. */
export function standInFile(project: ComposeProject): { services: Record<string, { image: string }> } {
  return { services: Object.fromEntries(standIns(project).map(({ service, image }) => [service, { image }])) };
}

function portsOf(service: string, { ports, expose, healthcheck }: Service): string[] {
  const test = healthcheck?.test ?? [];
  const asked = [...test.join(" ").matchAll(/(?:localhost|127\.0\.0\.1)[:/ ](\d+)(\/[^'"\s,)]*)?/g)];
  const found = new Map<string, string>();
  for (const { target } of ports ?? []) found.set(String(target), "");
  for (const port of expose ?? []) found.set(port.split("/")[0] ?? "", "");
  for (const [, port = "", path = ""] of asked) found.set(port, path === "/" ? "" : path);
  const usual = usualPorts[test[1] ?? ""];
  if (usual !== undefined) found.set(String(usual), "");
  if (found.size === 0) throw new Error(`${service} declares no port, and its health check names none`);
  return [...found].map(([port, path]) => `${port}${path}`);
}

function commandsOf({ healthcheck }: Service): string[] {
  const [form, command = ""] = healthcheck?.test ?? [];
  if (form === "CMD-SHELL") return ["/bin/sh"];
  if (form !== "CMD") return [];
  return [command.startsWith("/") ? command : `/usr/bin/${command}`];
}
