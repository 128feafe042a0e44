import type Docker from "dockerode";
import { type ProjectContainer, projectContainers } from "../../../clients/docker/containers.ts";
import { asking, type EngineAddress, openEngine } from "../../../clients/docker/engine.ts";
import { within } from "../../../clients/resilience/within.ts";
import { namedBy } from "../../../domain/health/target.ts";
import { LABEL } from "../../../domain/services/labels.ts";
import { liveResources, readCheckpoint } from "../../checkpoint.ts";
import { windlassHome } from "../../own-root.ts";
import { readRecord, STACK } from "../../services/record.ts";
import { defaultEngine } from "../../services/settings.ts";
import type { Probe, Reading } from "../probe.ts";

/**
 * Every container of a stack of services runs, and is healthy by its own check where it has one. One that has ended with 0 and is not to be
 * started again is done. What was brought up here and has lost its container is missing.
 */
export const services: Probe = async ({ name, address }, { deadline, options }) => {
  const [project = "", only] = namedBy({ address }).split("/");
  const home = windlassHome(options.home);
  const record = readRecord(home, project);
  const engine = { host: record?.host ?? defaultEngine(home), sshOpts: record?.sshOpts ?? [] };
  const docker = openEngine(engine);
  const containers = await within(deadline, projectContainers(docker, engine, project, deadline));
  const wanted = (service: string) => only === undefined || service === only;
  const readings = containers
    .filter(({ service }) => wanted(service))
    .map((container) => readingOf({ docker, engine, deadline }, container, { name, only, project }));
  const there = new Set(containers.map((container) => container.service));
  const missing = [...new Set([...declaredServices(home, project), ...(only ? [only] : [])])].filter(
    (service) => wanted(service) && !there.has(service),
  );
  const found = [
    ...(await within(deadline, Promise.all(readings))),
    ...missing.map((service) => missed(service, { name, only, project })),
  ];
  if (found.length > 0) return found;
  return [{ service: name, endpoint: address, required: { running: false }, reason: `${project} has no container` }];
};

interface Asked {
  name: string;
  only: string | undefined;
  project: string;
}

/** A service by itself is called as its target is. */
function called(service: string, { name, only }: Asked): string {
  return only === undefined ? `${name}/${service}` : name;
}

async function readingOf(
  { docker, engine, deadline }: { docker: Docker; engine: EngineAddress; deadline: AbortSignal },
  { id, service, number, state, health, status, exitCode }: ProjectContainer,
  asked: Asked,
): Promise<Reading> {
  const title = `${called(service, asked)}${number > 1 ? `.${number}` : ""}`;
  const endpoint = `services:${asked.project}/${service}`;
  if (exitCode === 0) {
    const { HostConfig } = await asking(engine, `look at ${service}`, () =>
      docker.getContainer(id).inspect({ abortSignal: deadline }),
    );
    const again = HostConfig.RestartPolicy?.Name ?? "";
    if (again === "" || again === "no") return { service: title, endpoint, required: { completed: true } };
  }
  const running = state === "running";
  const well = health === null || health === "healthy";
  return {
    service: title,
    endpoint,
    required: { running, ...(running && health === "unhealthy" ? { healthy: false } : {}) },
    desired: running && health !== null && health !== "unhealthy" ? { healthy: well } : {},
    reason: running && well ? undefined : status,
  };
}

function missed(service: string, asked: Asked): Reading {
  return {
    service: called(service, asked),
    endpoint: `services:${asked.project}/${service}`,
    required: { running: false },
    reason: "it has no container",
  };
}

/** Services whose containers the state of a stack of this machine has. */
function declaredServices(home: string, project: string): string[] {
  const state = readCheckpoint({ backend: `file://${home}/services-state`, project, stack: STACK });
  return liveResources(state).flatMap(({ type, inputs }) => {
    if (type !== "docker:index/container:Container") return [];
    const labels = (inputs?.labels ?? []) as { label?: string; value?: string }[];
    return labels.find(({ label }) => label === LABEL.service)?.value ?? [];
  });
}
