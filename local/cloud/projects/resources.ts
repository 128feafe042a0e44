import type { CloudState } from "../cloud.ts";
import type { Project } from "../objects.ts";

/** A resource of the account by its URN. */
export interface Resource {
  urn: string;
  createdAt: string;
  self: string;
}

/** What belongs to projects: where it is kept, the word in its URN, and its path. */
const KINDS = [
  { collection: "droplets", word: "droplet", path: "droplets" },
  { collection: "volumes", word: "volume", path: "volumes" },
  { collection: "reservedIps", word: "floatingip", path: "floating_ips" },
] as const;

/** The project of a resource: the one it was put in, else the default one. */
export function projectOf({ store }: CloudState, urn: string): Project {
  const assignment = store.assignments.get(urn);
  const project = assignment && store.projects.get(assignment.project);
  return project ?? defaultProject(store);
}

export function defaultProject(store: CloudState["store"]): Project {
  const project = store.projects.list().find((p) => p.isDefault);
  if (!project) throw new Error("the store has no default project");
  return project;
}

/** Undefined where there is no such resource. The new name of reserved addresses is understood. */
export function resourceOf({ store, origin }: CloudState, urn: string): Resource | undefined {
  const [, word, id = ""] = /^do:([a-z]+):(.+)$/.exec(urn) ?? [];
  const kind = KINDS.find((k) => k.word === (word === "reservedip" ? "floatingip" : word));
  const found = kind && store[kind.collection].get(id);
  if (!found) return undefined;
  return { urn: `do:${kind.word}:${id}`, createdAt: found.createdAt, self: `${origin}/v2/${kind.path}/${id}` };
}

/** In the order of creation. */
export function resourcesOf(cloud: CloudState, project: Project): { resource: Resource; assignedAt: string }[] {
  const { store } = cloud;
  if (!project.isDefault)
    return store.assignments.list({ project: project.id }).flatMap(({ id, assignedAt }) => {
      const resource = resourceOf(cloud, id);
      return resource ? [{ resource, assignedAt }] : [];
    });
  return KINDS.flatMap(({ collection, word }) => store[collection].ids({}).map((id) => `do:${word}:${id}`))
    .filter((urn) => projectOf(cloud, urn).id === project.id)
    .flatMap((urn) => resourceOf(cloud, urn) ?? [])
    .map((resource) => ({ resource, assignedAt: resource.createdAt }));
}
