import type Docker from "dockerode";
import { containerLogs, type ProjectContainer, projectContainers } from "../../clients/docker/containers.ts";
import type { EngineAddress } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import type { StackPlan } from "../../domain/services/spec.ts";
import type { OperationOptions } from "../progress.ts";

/** Milliseconds between looks: the first soon, for most are nearly there. */
const POLL_MS = { first: 50, longest: 500 };

/** Last lines of a container that are told. */
const LINES = 20;

/**
 * Waits until the services of a plan that were there already are healthy, as those that are made anew are waited for, and answers with all
 * containers. Throws `UserError` `CommandFailed` with the last lines of one that is unhealthy, or is not healthy in its time.
 * @param seconds that each gets; what its check allows without it
 */
export async function untilHealthy(
  docker: Docker,
  address: EngineAddress,
  plan: StackPlan,
  seconds: number | undefined,
  options: OperationOptions,
): Promise<ProjectContainer[]> {
  const allowed = new Map(
    plan.containers.flatMap((one) => (one.healthySeconds ? [[one.name, seconds ?? one.healthySeconds]] : [])),
  );
  const started = performance.now();
  for (let pause = POLL_MS.first; ; pause = Math.min(pause * 1.5, POLL_MS.longest)) {
    const containers = await projectContainers(docker, address, plan.project);
    const late = containers.filter(({ name, health }) => allowed.has(name) && health !== "healthy");
    if (late.length === 0) return containers;
    const waited = (performance.now() - started) / 1000;
    const lost = late.find(({ name, health }) => health !== "starting" || waited >= (allowed.get(name) ?? 0));
    if (lost) throw await unhealthy(docker, address, lost, Math.round(waited));
    const names = late.map(({ service }) => service).join(", ");
    options.onEvent?.({
      kind: "waiting",
      urn: `health of ${plan.project}`,
      text: `waiting for the health of ${names}`,
    });
    if (options.signal?.aborted) throw new UserError("Cancelled", { reason: "stopped while waiting for health" });
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function unhealthy(
  docker: Docker,
  address: EngineAddress,
  { id, name, service, health, status }: ProjectContainer,
  waited: number,
): Promise<UserError> {
  const lines: string[] = [];
  for await (const { text } of containerLogs(docker, address, id, { tail: LINES })) lines.push(text);
  const said = lines.length > 0 ? `its last lines:\n${lines.join("\n")}` : "it has written nothing";
  const state = health === "starting" ? `not healthy after ${waited} s` : (health ?? status);
  return new UserError("CommandFailed", {
    reason: `container "${name}" is ${state}\n${said}`,
    suggestion: `see: docker inspect ${name}; mend it, or restart it: windlass services restart PROJECT ${service}`,
    container: name,
  });
}
