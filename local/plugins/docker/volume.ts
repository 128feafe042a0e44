import type { VolumeCreateOptions, VolumeInspectInfo } from "dockerode";
import type { Properties } from "../engine/values.ts";
import { labelMap } from "./container/body.ts";
import { fixed, labelsField, map, text } from "./container/fields.ts";
import { labels } from "./container/observed.ts";
import { asked, askedFor } from "./engine.ts";
import { EngineError, isStatus } from "./errors.ts";
import { operation } from "./operation.ts";
import { type DockerType, nothingToUpdate, type Present, type Work } from "./type.ts";

/** Data that outlives its containers. Every change makes a new one, and deletes the data of the old one. */
export const volume: DockerType = {
  token: "docker:index/volume:Volume",
  noun: "volume",
  inputs: {
    cluster: { type: "any", ...fixed },
    driver: { ...text, computed: true, ...fixed },
    driverOpts: { ...map, ...fixed },
    labels: { ...labelsField, ...fixed },
    name: { ...text, nonEmpty: true, ...fixed },
  },
  outputs: ["mountpoint"],
  name: { maxLength: 255 },
  mutable: [],
  verify: ({ cluster }) =>
    cluster === undefined
      ? []
      : [{ property: "cluster", reason: "volumes of a Swarm cluster are not supported by the bundled docker plugin" }],
  create,
  find,
  update: nothingToUpdate,
  remove,
  async importInputs(_work, { properties: { mountpoint: _, driver, ...inputs } }) {
    return { ...inputs, ...(driver === "local" ? {} : { driver }) } as Properties;
  },
};

/**
 * The engine's own create answers with the volume that is there, whoever it belongs to, and a later destroy would delete its data. So one
 * that this resource has not made is refused; one that it has made, and that was kept or left by an interrupted update, is used again.
 */
async function create(work: Work, inputs: Properties): Promise<string> {
  const name = String(inputs.name);
  const body = {
    Name: name,
    Driver: inputs.driver ?? "local",
    DriverOpts: inputs.driverOpts,
    Labels: labelMap(inputs.labels),
  };
  const mark = operation(work.call.urn, body);
  const doing = `create volume "${name}"`;
  const there = await inspect(work, name);
  if (there) return adopt(there);
  const marked = { ...body, Labels: { ...body.Labels, ...mark.labels } } as VolumeCreateOptions;
  const make = () => asked(work.engine, doing, () => work.engine.docker.createVolume(marked));
  await make().catch((error: unknown) => {
    // The same name gives the same volume, so asking again makes no second one.
    if (error instanceof EngineError && error.unclear && !work.call.signal.aborted) return make();
    throw error;
  });
  const made = await inspect(work, name);
  // Somebody else may have made it meanwhile: then the engine has answered with theirs.
  return made && mark.made(made.Labels) ? name : adopt(made ?? {});

  function adopt(found: { Labels?: Record<string, string> | null }): string {
    if (mark.made(found.Labels)?.asked) {
      work.adopted(name);
      return name;
    }
    const whose = mark.made(found.Labels) ? "with other settings" : "which this resource did not make";
    throw new EngineError(
      `${doing}: there is one of that name, ${whose}: give this one another name, remove the other one with its data, ` +
        `or import it (pulumi import ${work.call.type} ${work.call.name} ${name})`,
      { status: 409 },
    );
  }
}

function inspect(work: Work, name: string): Promise<VolumeInspectInfo | undefined> {
  return askedFor(work.engine, `look at volume "${name}"`, () => work.engine.docker.getVolume(name).inspect());
}

async function find(work: Work, name: string): Promise<Present | undefined> {
  const found = await inspect(work, name);
  if (!found) return undefined;
  const own = labels(found.Labels);
  const properties: Properties = { name: found.Name, driver: found.Driver, mountpoint: found.Mountpoint };
  if (own.length > 0) properties.labels = own as unknown as Properties[];
  if (Object.keys(found.Options ?? {}).length > 0) properties.driverOpts = found.Options as Properties;
  return { id: found.Name, properties };
}

async function remove(work: Work, name: string): Promise<void> {
  const removal = () => work.engine.docker.getVolume(name).remove();
  await askedFor(work.engine, `remove volume "${name}"`, removal).catch(async (error: unknown) => {
    if (!isStatus(error, 409)) throw error;
    const users = await work.engine.docker.listContainers({ all: true, filters: { volume: [name] } }).catch(() => []);
    const names = users.map(({ Names }) => Names[0]?.replace(/^\//, ""));
    throw new EngineError(`remove volume "${name}": it is in use by ${names.join(", ") || "a container"}`, {
      status: 409,
    });
  });
}
