import type { NetworkInspectInfo } from "dockerode";
import type { Properties } from "../engine/values.ts";
import { type Look, waitFor } from "../engine/wait.ts";
import { labelMap } from "./container/body.ts";
import { fixed, labelsField, map, text } from "./container/fields.ts";
import { labels, withoutEmpty } from "./container/observed.ts";
import { asked, askedFor } from "./engine.ts";
import { EngineError, isStatus } from "./errors.ts";
import { operation } from "./operation.ts";
import { type DockerType, nothingToUpdate, type Present, type Raw, type Work } from "./type.ts";

/** Seconds for the containers of a network to leave it: the engine removes a container before its network is told. */
const LEAVE_SECONDS = 30;

/** A network that containers join by name. Every change makes a new one. */
export const network: DockerType = {
  token: "docker:index/network:Network",
  noun: "network",
  inputs: {
    attachable: { type: "boolean", ...fixed },
    driver: { ...text, computed: true, ...fixed },
    ingress: { type: "boolean", ...fixed },
    internal: { type: "boolean", computed: true, ...fixed },
    ipamConfigs: {
      type: "set",
      of: { type: "object", fields: { auxAddress: map, gateway: text, ipRange: text, subnet: text } },
      computed: true,
      ...fixed,
    },
    ipamDriver: { ...text, default: "default", ...fixed },
    ipamOptions: { ...map, ...fixed },
    ipv6: { type: "boolean", ...fixed },
    labels: { ...labelsField, ...fixed },
    name: { ...text, nonEmpty: true, ...fixed },
    options: { ...map, computed: true, ...fixed },
  },
  outputs: ["scope"],
  name: { maxLength: 255 },
  mutable: [],
  create,
  find,
  update: nothingToUpdate,
  remove,
  async importInputs(_work, { properties }) {
    const { scope: _, ipamDriver, options, ...inputs } = properties;
    return { ...inputs, ...(ipamDriver === "default" ? {} : { ipamDriver }), ...(options ? { options } : {}) };
  },
};

/** The body of `POST /networks/create`. */
export function networkBody(inputs: Properties): Record<string, unknown> {
  const configs = inputs.ipamConfigs as Properties[] | undefined;
  const IPAM = {
    Driver: inputs.ipamDriver ?? "default",
    Options: inputs.ipamOptions,
    Config: configs?.map(({ subnet, ipRange, gateway, auxAddress }) => ({
      Subnet: subnet,
      IPRange: ipRange,
      Gateway: gateway,
      AuxiliaryAddresses: auxAddress,
    })),
  };
  return {
    Name: inputs.name,
    // Engines before API 1.44 would make a second network of the same name.
    CheckDuplicate: true,
    Driver: inputs.driver ?? "bridge",
    Internal: inputs.internal ?? false,
    Attachable: inputs.attachable ?? false,
    Ingress: inputs.ingress ?? false,
    EnableIPv6: inputs.ipv6 ?? false,
    Options: inputs.options,
    Labels: labelMap(inputs.labels),
    IPAM,
  };
}

/** At most once: after a lost answer the network of that name is looked at, and used when this resource has made it. */
async function create(work: Work, inputs: Properties): Promise<string> {
  const { docker } = work.engine;
  const body = networkBody(inputs);
  const mark = operation(work.call.urn, body);
  const doing = `create network "${inputs.name}"`;
  const marked = { ...body, Labels: { ...(body.Labels as object), ...mark.labels } } as never;
  const make = async () => (await asked(work.engine, doing, () => docker.createNetwork(marked))).id;
  try {
    return await make();
  } catch (error) {
    const unclear = error instanceof EngineError && error.unclear && !work.call.signal.aborted;
    if (!isStatus(error, 409) && !unclear) throw error;
    const there = (await asked(work.engine, "look for it", () => docker.listNetworks())).filter(
      ({ Name }) => Name === inputs.name,
    );
    const ours = there.find(({ Labels }) => mark.made(Labels)?.asked);
    if (ours) {
      work.adopted(ours.Id);
      return ours.Id;
    }
    if (there.length === 0) return make();
    throw new EngineError(
      `${doing}: there is one of that name (${there[0]?.Id.slice(0, 12)}), which this resource did not make: remove it, give this ` +
        `one another name, or import it (pulumi import ${work.call.type} ${work.call.name} ${there[0]?.Id.slice(0, 12)})`,
      { status: 409 },
      { cause: error },
    );
  }
}

function inspect(work: Work, id: string): Promise<NetworkInspectInfo | undefined> {
  return askedFor(work.engine, `look at network ${id.slice(0, 12)}`, () => work.engine.docker.getNetwork(id).inspect());
}

async function find(work: Work, id: string): Promise<Present | undefined> {
  const found = await inspect(work, id);
  return found && { id: found.Id, properties: observedNetwork(found) };
}

export function observedNetwork(found: NetworkInspectInfo): Properties {
  const configs = (found.IPAM?.Config ?? []).map((config) => {
    const { Subnet: subnet, IPRange: ipRange, Gateway: gateway, AuxiliaryAddresses: auxAddress } = config as Raw;
    return withoutEmpty({ subnet, ipRange, gateway, auxAddress });
  });
  const properties = {
    ...withoutEmpty({
      ipamConfigs: configs,
      ipamOptions: found.IPAM?.Options,
      labels: labels(found.Labels),
      attachable: found.Attachable || undefined,
      ingress: found.Ingress || undefined,
      ipv6: found.EnableIPv6 || undefined,
    }),
    name: found.Name,
    driver: found.Driver,
    internal: found.Internal,
    ipamDriver: found.IPAM?.Driver ?? "default",
    options: found.Options ?? {},
    scope: found.Scope,
  };
  return properties as Properties;
}

/** Waits for containers that are on their way out; one that stays is named. */
async function remove(work: Work, id: string, state: Properties): Promise<void> {
  const { signal, log } = work.call;
  let refusal: Error | undefined;
  const look = async (): Promise<Look<true>> => {
    const found = await inspect(work, id);
    if (!found) return { state: "gone", done: true };
    const users = Object.values(found.Containers ?? {}).map(({ Name }) => Name);
    try {
      await askedFor(work.engine, `remove network "${state.name}"`, () => work.engine.docker.getNetwork(id).remove());
      return { state: "gone", done: true };
    } catch (error) {
      if (!/active endpoints/.test((error as Error).message)) throw error;
      refusal = new Error(`${(error as Error).message} (in it: ${users.join(", ") || "nobody that is told"})`);
      return { state: `in use by ${users.join(", ")}` };
    }
  };
  await waitFor(look, { what: `network "${state.name}"`, seconds: LEAVE_SECONDS, signal, log }).catch((error) => {
    throw signal.aborted ? error : (refusal ?? error);
  });
}
