import type Docker from "dockerode";
import type { ContainerInfo } from "dockerode";
import { asking, type EngineAddress } from "../../clients/docker/engine.ts";
import { onDockerHost } from "../../clients/docker/host.ts";
import type { ComposeProject } from "../../domain/compose/model.ts";
import { UserError } from "../../domain/errors.ts";
import { LABEL } from "../../domain/services/labels.ts";
import {
  isRange,
  type NoPort,
  overlap,
  type PlacedPort,
  type PortWish,
  placePorts,
  portPath,
  portRange,
  portWishes,
  type TakenPort,
} from "../../domain/services/ports.ts";
import {
  LISTENERS_SCRIPT,
  listeners,
  OWNERS_SCRIPT,
  owners,
  takenByProcesses,
} from "../../domain/services/ports-listening.ts";
import { PORTS_LABEL, placedPorts, withPorts } from "../../domain/services/ports-published.ts";
import type { StackPlan } from "../../domain/services/spec.ts";
import { placeOf } from "./locate.ts";

/** A port of the host that a service gets in place of the one that the file names. */
export interface MovedPort {
  file: string;
  line: number;
  service: string;
  target: number;
  protocol: string;
  wanted: number;
  published: number;
  /** Who has the port that was wanted; null where nobody has it now, and the service stays where it was moved. */
  heldBy: string | null;
}

export interface PortsOptions {
  project: ComposeProject;
  files: readonly string[];
  docker: Docker;
  address: EngineAddress;
  /** Refuse instead of taking another port. */
  strict?: boolean | undefined;
}

/**
 * Gives each published port of a plan its port of the host. One that another container or a process of the host has is moved to the next free
 * one and stays there until the stack goes down. Processes are seen on this machine and over ssh; over tcp:// only other containers are.
 * Throws `PrecheckFailed` with file, line and holder where nothing is free, with `strict` for each port that is taken.
 */
export async function choosePorts(
  plan: StackPlan,
  options: PortsOptions,
): Promise<{ plan: StackPlan; moved: MovedPort[] }> {
  const { project, files, docker, address, strict } = options;
  const wishes = portWishes(project, plan);
  if (wishes.length === 0) return { plan, moved: [] };
  const containers = await asking(address, "list containers", () => docker.listContainers({ all: true }));
  const own = containers.filter(({ Labels }) => Labels[LABEL.project] === project.name);
  const taken = containers.filter((one) => !own.includes(one)).flatMap(publishedBy);
  const before = strict ? [] : own.flatMap(placedBefore);
  const held = own.flatMap(publishedBy);
  const isHeld = ({ ip, port, protocol }: Omit<TakenPort, "by">) =>
    held.some((one) => one.port === port && one.protocol === protocol && overlap(one.ip, ip));
  const isSettled = placePorts(wishes, taken, before).placements.filter((one) =>
    one.ips.every((ip) => isHeld({ ip, port: one.published, protocol: one.protocol })),
  );
  if (isSettled.length < wishes.length) taken.push(...(await processes(address, wishes, isHeld)));
  const { placements, none } = placePorts(wishes, taken, before);
  const moved = placements.filter((one) => !isRange(one.wanted) && one.wanted !== String(one.published));
  const refused = [...none, ...(strict ? moved.map((one) => ({ ...one, by: one.by ?? "" })) : [])];
  if (refused.length > 0) throw refusal(refused, files);
  return {
    plan: withPorts(plan, placements),
    moved: moved.map((one) => ({
      ...placeOf(files, portPath(one)),
      service: one.service,
      target: one.target,
      protocol: one.protocol,
      wanted: Number(one.wanted),
      published: one.published,
      heldBy: one.by ?? null,
    })),
  };
}

/** What is told of a port that was moved. */
export function movedText({ file, line, service, wanted, published, heldBy }: MovedPort): string {
  const why = heldBy === null ? `stays on ${published} until the stack goes down` : `${wanted} belongs to ${heldBy}`;
  return `${file}:${line}: ${service} is published on ${published}, not on ${wanted}: ${why}`;
}

function publishedBy({ Names, Ports }: ContainerInfo): TakenPort[] {
  const by = `container ${(Names[0] ?? "").replace(/^\//, "")}`;
  return Ports.flatMap(({ IP: ip = "", PublicPort: port, Type: protocol }) =>
    port ? [{ ip, port, protocol, by }] : [],
  );
}

function placedBefore({ Labels }: ContainerInfo): PlacedPort[] {
  return placedPorts(`${Labels[LABEL.service]}-${Labels[LABEL.number]}`, Labels[PORTS_LABEL]);
}

/** Sockets of the Docker host that are in the way; who has them is looked up only for those that somebody wants. */
async function processes(
  address: EngineAddress,
  wishes: readonly PortWish[],
  isOwn: (port: Omit<TakenPort, "by">) => boolean,
): Promise<TakenPort[]> {
  const sockets = listeners((await onDockerHost(address, LISTENERS_SCRIPT))?.stdout ?? "");
  const inTheWay = sockets.some(
    ({ port, protocol, ...socket }) =>
      !isOwn({ ...socket, port, protocol }) &&
      wishes.some((wish) => {
        const { first, last } = portRange(wish.wanted);
        return wish.protocol === protocol && first <= port && port <= last;
      }),
  );
  const names = inTheWay ? owners((await onDockerHost(address, OWNERS_SCRIPT))?.stdout ?? "") : new Map();
  return takenByProcesses(sockets, isOwn, names);
}

function refusal(refused: readonly NoPort[], files: readonly string[]): UserError {
  const lines = refused.map((one) => {
    const path = portPath(one);
    const { file, line } = placeOf(files, path);
    const what = isRange(one.wanted)
      ? `no port of ${one.wanted} is free: ${portRange(one.wanted).first} belongs to`
      : `port ${one.wanted} belongs to`;
    return { file, line, text: `${file}:${line}: ${path.join(".")}: ${what} ${one.by}` };
  });
  const [first, ...others] = lines;
  return new UserError("PrecheckFailed", {
    reason: first?.text ?? "",
    suggestion: "free it, name another port, or run it without --strict-ports",
    file: first?.file,
    line: first?.line,
    ...(others.length > 0 ? { also: others.map(({ text }) => text) } : {}),
  });
}
