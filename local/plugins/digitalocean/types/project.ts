import type { Properties } from "../../engine/values.ts";
import type { Json } from "../../rest/api.ts";
import { unlessGone } from "../../rest/errors.ts";
import { createOnce, unmarked } from "../../rest/once.ts";
import type { Cloud, Made, RestType } from "../../rest/type.ts";
import { removeUntil } from "../paths.ts";

/** Resources move to another project in their own time. */
const DELETE_SECONDS = 3 * 60;

export const project: RestType = {
  token: "digitalocean:index/project:Project",
  noun: "project",
  name: { maxLength: 175 },
  inputs: {
    name: { type: "string", required: true, nonEmpty: true },
    description: { type: "string", default: "" },
    purpose: { type: "string", default: "Web Application" },
    environment: { type: "string", compare: "case" },
    isDefault: { type: "boolean", default: false },
    resources: { type: "set", of: { type: "string" }, computed: true },
  },
  reads: {
    name: "name",
    description: (object) => object.description ?? "",
    purpose: (object) => String(object.purpose ?? "").replace(/^Other: /, ""),
    environment: (object) => object.environment || undefined,
    isDefault: "is_default",
    ownerUuid: "owner_uuid",
    ownerId: "owner_id",
    createdAt: "created_at",
    updatedAt: "updated_at",
    resources: (object) => object.urns,
  },
  create,
  async settle(cloud, { id }, inputs) {
    await give(cloud, id, (inputs.resources as string[] | undefined) ?? []);
  },
  find: (cloud, id) => unlessGone(() => withResources(cloud, id)),
  steps: [
    {
      inputs: ["name", "description", "purpose", "environment", "isDefault"],
      run: async (cloud, id, inputs) => void (await cloud.put(`/v2/projects/${id}`, body(inputs))),
    },
    {
      inputs: ["resources"],
      async run(cloud, _id, inputs, state) {
        const kept = (inputs.resources ?? []) as string[];
        await giveAway(
          cloud,
          ((state.resources ?? []) as string[]).filter((urn) => !kept.includes(urn)),
        );
      },
    },
  ],
  async remove(cloud, id) {
    const now = await unlessGone(() => withResources(cloud, id));
    if (!now) return;
    await giveAway(cloud, now.urns);
    await removeUntil(cloud, `/v2/projects/${id}`, {
      refusals: [412],
      seconds: DELETE_SECONDS,
      why: "it has resources",
    });
  },
};

function body(inputs: Properties): Json {
  const { name, description, purpose, environment, isDefault } = inputs;
  return { name, description, purpose, environment, is_default: isDefault };
}

async function create(cloud: Cloud, inputs: Properties): Promise<Made> {
  const object = await createOnce({
    what: `project "${inputs.name}"`,
    make: () => post(cloud, inputs),
    candidates: async () => (await cloud.list("/v2/projects", "projects")).filter((one) => one.name === inputs.name),
    differs: () => undefined,
    remove: (one) => cloud.remove(`/v2/projects/${one.id}`),
    ...unmarked(cloud),
  });
  if (inputs.isDefault === true) await cloud.put(`/v2/projects/${object.id}`, body(inputs));
  return { id: object.id, object };
}

async function post(cloud: Cloud, { name, description, purpose, environment }: Properties): Promise<Json> {
  return (await cloud.post("/v2/projects", { name, description: description || undefined, purpose, environment }))
    .project;
}

export async function withResources(cloud: Pick<Cloud, "get" | "list">, id: string): Promise<Json> {
  const { project: found } = await cloud.get(`/v2/projects/${id}`);
  const resources = await cloud.list(`/v2/projects/${id}/resources`, "resources");
  return { ...found, urns: resources.map((one) => one.urn) };
}

async function give(cloud: Cloud, id: string, urns: string[]): Promise<void> {
  const resources = urns.filter(Boolean);
  if (resources.length > 0) await cloud.postAgain(`/v2/projects/${id}/resources`, { resources });
}

/** A resource is always in a project: one that is taken out goes to the default one. */
async function giveAway(cloud: Cloud, urns: string[]): Promise<void> {
  if (urns.length > 0) await give(cloud, (await cloud.get("/v2/projects/default")).project.id, urns);
}

/** Some resources of a project; the project may have others. */
export const projectResources: RestType = {
  token: "digitalocean:index/projectResources:ProjectResources",
  noun: "project resources",
  inputs: {
    project: { type: "string", required: true, replaces: true, nonEmpty: true },
    resources: { type: "set", of: { type: "string" }, required: true },
  },
  reads: { project: "id", resources: (object) => object.urns },
  async create(_cloud, inputs) {
    return { id: String(inputs.project) };
  },
  async settle(cloud, { id }, inputs) {
    await give(cloud, id, inputs.resources as string[]);
  },
  async find(cloud, id, state) {
    const now = await unlessGone(() => withResources(cloud, id));
    const asked = (state.resources ?? []) as string[];
    return now && { ...now, urns: now.urns.filter((urn: string) => asked.includes(urn)) };
  },
  steps: [
    {
      inputs: ["resources"],
      async run(cloud, _id, inputs, state) {
        const kept = inputs.resources as string[];
        await giveAway(
          cloud,
          ((state.resources ?? []) as string[]).filter((urn) => !kept.includes(urn)),
        );
      },
    },
  ],
  async remove(cloud, id, state) {
    if (await unlessGone(() => cloud.get(`/v2/projects/${id}`)))
      await giveAway(cloud, (state.resources ?? []) as string[]);
  },
};
