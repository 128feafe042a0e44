import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import type { Properties } from "../../engine/values.ts";
import { pause } from "../../engine/wait.ts";
import { asked, askedFor } from "../engine.ts";
import { EngineError, isStatus } from "../errors.ts";
import { type Operation, operation } from "../operation.ts";
import type { Work } from "../type.ts";
import { createBody, endpoint, type NetworkUse } from "./body.ts";
import { uploadArchive } from "./uploads.ts";

/** How long a create that a kill left under way may have the name before its container is there, and between two looks; in milliseconds. */
const UNDER_WAY_MS = 10_000;
const POLL_MS = 100;

/**
 * Makes a container, at most once: the engine has a name only once, so after a lost answer, or a killed update, the one of that name is
 * looked at. It is used when this resource has made it with the same inputs, and made anew when with others.
 * @returns its id, before it is started
 * @throws EngineError also when somebody else's container has the name
 */
export async function createContainer(work: Work, inputs: Properties): Promise<string> {
  const name = String(inputs.name);
  const unmarked = createBody(inputs, {});
  const mark = operation(work.call.urn, { name, ...unmarked, uploads: inputs.uploads });
  const body = { ...createBody(inputs, mark.labels), name };
  const id = await once(work, body, mark);
  try {
    await joinNetworks(work, id, inputs);
    if (inputs.uploads !== undefined) {
      const archive = uploadArchive(inputs.uploads);
      await asked(work.engine, `put files into container "${name}"`, () =>
        work.engine.docker.getContainer(id).putArchive(archive, { path: "/" }),
      );
    }
    return id;
  } catch (error) {
    // A container that lacks a network or a file is none that could be started later: the next attempt makes it anew.
    await work.engine.docker
      .getContainer(id)
      .remove({ force: true, v: true })
      .catch(() => {});
    throw error;
  }
}

async function once(work: Work, body: ContainerCreateOptions & { name: string }, mark: Operation): Promise<string> {
  const doing = `create container "${body.name}"`;
  const make = async () => (await asked(work.engine, doing, () => work.engine.docker.createContainer(body))).id;
  const deadline = Date.now() + UNDER_WAY_MS;
  for (;;) {
    try {
      return await make();
    } catch (error) {
      const unclear = error instanceof EngineError && error.unclear && !work.call.signal.aborted;
      if (!isStatus(error, 409) && !unclear) throw error;
      const found = await byName(work, body.name);
      if (found) return taken(work, found, mark, { doing, make, cause: error });
      if (Date.now() > deadline) throw error;
      await pause(POLL_MS, work.call.signal);
    }
  }
}

/** What becomes of a container that has the name already. */
async function taken(
  work: Work,
  found: ContainerInspectInfo,
  mark: Operation,
  { doing, make, cause }: { doing: string; make: () => Promise<string>; cause: unknown },
): Promise<string> {
  const ours = mark.made(found.Config.Labels);
  if (!ours || (await isInherited(work, found, mark))) {
    throw new EngineError(
      `${doing}: the name is in use by container ${found.Id.slice(0, 12)}, which this resource did not make: remove or rename ` +
        `it, give this one another name, or import it (pulumi import ${work.call.type} ${work.call.name} ${found.Id.slice(0, 12)})`,
      { status: 409 },
      { cause },
    );
  }
  if (ours.asked) {
    work.adopted(found.Id);
    return found.Id;
  }
  await asked(work.engine, `remove what is left of container "${found.Name.slice(1)}"`, () =>
    work.engine.docker.getContainer(found.Id).remove({ force: true }),
  );
  return make();
}

/** An image that somebody has made of our container (`docker commit`) hands its labels on to containers that are not ours. */
async function isInherited(work: Work, container: ContainerInspectInfo, mark: Operation): Promise<boolean> {
  const image = await askedFor(work.engine, "look at the container's image", () =>
    work.engine.docker.getImage(container.Image).inspect(),
  );
  return mark.isSame(image?.Config.Labels, container.Config.Labels);
}

function byName(work: Work, name: string): Promise<ContainerInspectInfo | undefined> {
  return askedFor(work.engine, `look for container "${name}"`, () => work.engine.docker.getContainer(name).inspect());
}

/** Every network that it is not in already; with networks of its own it leaves the engine's `bridge`. */
async function joinNetworks(work: Work, id: string, inputs: Properties): Promise<void> {
  const wanted = (inputs.networksAdvanced ?? []) as unknown as NetworkUse[];
  // The one that `networkMode` names was joined by the create.
  if (wanted.every(({ name }) => name === inputs.networkMode)) return;
  const { docker } = work.engine;
  const found = await asked(work.engine, "look at the container", () => docker.getContainer(id).inspect());
  const joined = new Map(
    Object.entries(found.NetworkSettings.Networks).map(([name, { NetworkID }]) => [name, NetworkID]),
  );
  const isIn = (network: string) => joined.has(network) || [...joined.values()].includes(network);
  if (joined.has("bridge") && !wanted.some(({ name }) => name === "bridge")) {
    await asked(work.engine, "leave the network bridge", () =>
      docker.getNetwork("bridge").disconnect({ Container: id }),
    );
  }
  for (const network of wanted) {
    if (isIn(network.name)) continue;
    await asked(work.engine, `join network "${network.name}"`, () =>
      docker.getNetwork(network.name).connect({ Container: id, EndpointConfig: endpoint(network) }),
    );
  }
}
