import type Docker from "dockerode";
import { projectContainers } from "../../clients/docker/containers.ts";
import { asking, type EngineAddress } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { playing } from "../../domain/runbooks/roles.ts";
import type { RunbookFile } from "../../domain/runbooks/schema.ts";
import { LABEL } from "../../domain/services/labels.ts";

/** A container of the stack, as runbooks look at it. */
export interface Member {
  id: string;
  container: string;
  service: string;
  image: string;
  gpu: boolean;
  running: boolean;
  /** As in `running (healthy)` or `exited (137), out of memory`. */
  state: string;
  /** Runs, and its health check, if it has one, is content. */
  well: boolean;
  dependsOn: string[];
  /** Mounted folders that may fill up. */
  mounts: string[];
}

/** Every container of a project, with what the list of containers does not tell. */
export async function stackMembers(docker: Docker, address: EngineAddress, project: string): Promise<Member[]> {
  const found = await projectContainers(docker, address, project);
  return Promise.all(found.map(({ id, service }) => memberOf(docker, address, id, service)));
}

export async function memberOf(docker: Docker, address: EngineAddress, id: string, service: string): Promise<Member> {
  const one = await asking(address, `look at ${service}`, () => docker.getContainer(id).inspect());
  const { State, Config, HostConfig, Mounts } = one;
  const health = State.Health?.Status === "none" ? undefined : State.Health?.Status;
  const gpus = HostConfig.DeviceRequests ?? [];
  return {
    ...{ id, service, image: Config.Image, container: one.Name.replace(/^\//, "") },
    gpu: gpus.some(({ Capabilities }) => Capabilities?.flat().includes("gpu")),
    running: State.Running && !State.Paused && !State.Restarting,
    state: stateText(State, health),
    well: State.Status === "running" && (health === undefined || health === "healthy"),
    dependsOn: (Config.Labels[LABEL.dependsOn] ?? "").split(",").flatMap((one) => one.split(":")[0] || []),
    mounts: Mounts.filter(({ Type, RW, Destination }) => Type !== "bind" || (RW && !Destination.startsWith("/run/")))
      .map(({ Destination }) => Destination)
      .sort(),
  };
}

function stateText(state: Docker.ContainerInspectInfo["State"], health: string | undefined): string {
  const { Status, ExitCode, OOMKilled } = state;
  if (Status === "running") return health === undefined ? "running" : `running (${health})`;
  const code = Status === "exited" || Status === "restarting" ? ` (${ExitCode})` : "";
  return `${Status}${code}${OOMKilled ? ", out of memory" : ""}`;
}

/**
 * The services that play each role. Throws `UserError` `NotFound` for a role that must be played and is not, `UsageError` for a choice that
 * cannot be.
 * @param chosen by role, in place of what the runbook finds
 */
export function assignRoles(
  { roles }: RunbookFile,
  members: readonly Member[],
  chosen: Readonly<Record<string, string>>,
  stack: string,
): Record<string, string[]> {
  const services = [...new Set(members.map(({ service }) => service))];
  for (const [role, service] of Object.entries(chosen)) {
    if (!(role in roles))
      throw usage(`there is no role ${role}`, `there are: ${Object.keys(roles).join(", ") || "none"}`);
    if (!services.includes(service))
      throw usage(`${stack} has no service ${service}`, `it has: ${services.join(", ")}`);
  }
  return Object.fromEntries(
    Object.entries(roles).map(([name, role]) => {
      const own = chosen[name];
      const others = Object.entries(roles).flatMap(([other, one]) => (other === name ? [] : (one.services ?? [])));
      const found = own === undefined ? playing(role, members, new Set(others)) : [own];
      if (found.length === 0 && !role.optional)
        throw new UserError("NotFound", {
          reason: `no service of ${stack} is known as ${role.what}`,
          suggestion: `say which it is: --service ${name}=NAME (${services.join(", ") || "the stack has no container"})`,
        });
      return [name, found];
    }),
  );
}

function usage(reason: string, suggestion: string): UserError {
  return new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
}
