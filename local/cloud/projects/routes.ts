import { randomUUID } from "node:crypto";
import { ACCOUNT_UUID } from "../account/routes.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Project } from "../objects.ts";
import { ApiError, type Call, notFound, page, pageOf, type Route, text, texts, unprocessable } from "../wire.ts";
import { defaultProject, type Resource, resourceOf, resourcesOf } from "./resources.ts";

const ENVIRONMENTS = ["Development", "Staging", "Production"] as const;

/** `/v2/projects`; `default` stands for the default one. */
export function projectRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/projects";
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = page(call, store.projects.count(), (range) => store.projects.list({}, range));
        return { projects: items.map(view), ...envelope };
      },
    },
    { method: "POST", path, status: 201, handle: (call) => ({ project: view(create(cloud, call)) }) },
    ...[`${path}/default`, `${path}/:id`].flatMap((one): Route[] => [
      { method: "GET", path: one, status: 200, handle: (call) => ({ project: view(existing(cloud, call)) }) },
      { method: "PUT", path: one, status: 200, handle: (call) => ({ project: view(update(cloud, call)) }) },
      { method: "PATCH", path: one, status: 200, handle: (call) => ({ project: view(update(cloud, call)) }) },
      {
        method: "GET",
        path: `${one}/resources`,
        status: 200,
        handle: (call) => {
          const { items, envelope } = pageOf(call, resourcesOf(cloud, existing(cloud, call)));
          return { resources: items.map((r) => resourceView(r.resource, r.assignedAt, "ok")), ...envelope };
        },
      },
      {
        method: "POST",
        path: `${one}/resources`,
        status: 200,
        handle: (call) => {
          const resources = assign(cloud, existing(cloud, call), texts(call.body, "resources"));
          return { resources, links: {}, meta: { total: resources.length } };
        },
      },
    ]),
    { method: "DELETE", path: `${path}/:id`, status: 204, handle: (call) => remove(cloud, existing(cloud, call)) },
  ];
}

/** An account has one from the beginning. */
export function ensureDefaultProject({ store, clock }: Pick<CloudState, "store" | "clock">): void {
  if (store.projects.list().some((project) => project.isDefault)) return;
  const now = timestamp(clock.now());
  store.projects.put({
    id: randomUUID(),
    name: "first-project",
    description: "Update your project information under Settings",
    purpose: "Just trying out DigitalOcean",
    environment: "Development",
    isDefault: true,
    createdAt: now,
    updatedAt: now,
  });
}

function create(cloud: CloudState, { body }: Call): Project {
  const { store, clock } = cloud;
  const now = timestamp(clock.now());
  return store.projects.put({
    id: randomUUID(),
    name: validName(cloud, text(body, "name")),
    description: String(body["description"] ?? ""),
    purpose: text(body, "purpose"),
    environment: environment(body["environment"] ?? ""),
    isDefault: false,
    createdAt: now,
    updatedAt: now,
  });
}

function update(cloud: CloudState, call: Call): Project {
  const { store, clock } = cloud;
  const project = existing(cloud, call);
  const { name, description, purpose, environment: stage } = call.body;
  if (name !== undefined) project.name = validName(cloud, text(call.body, "name"), project.id);
  if (description !== undefined) project.description = String(description);
  if (purpose !== undefined) project.purpose = String(purpose);
  if (stage !== undefined && stage !== null) project.environment = environment(stage);
  if (call.body["is_default"] === true && !project.isDefault) {
    store.projects.put({ ...defaultProject(store), isDefault: false });
    project.isDefault = true;
  }
  return store.projects.put({ ...project, updatedAt: timestamp(clock.now()) });
}

function remove(cloud: CloudState, project: Project): void {
  if (project.isDefault) throw new ApiError(412, "cannot delete the default project");
  if (resourcesOf(cloud, project).length > 0)
    throw new ApiError(412, "cannot delete a project with resources. move or remove the resources first");
  cloud.store.projects.delete(project.id);
}

function assign(cloud: CloudState, project: Project, urns: string[]) {
  const { store, clock } = cloud;
  const assignedAt = timestamp(clock.now());
  return urns.map((urn) => {
    const resource = resourceOf(cloud, urn);
    if (!resource) return { urn, assigned_at: assignedAt, links: { self: cloud.origin }, status: "not_found" };
    if (project.isDefault) store.assignments.delete(resource.urn);
    else store.assignments.put({ id: resource.urn, project: project.id, assignedAt });
    return resourceView(resource, assignedAt, "assigned");
  });
}

/** None is made up: the provider's own tests see none in a project that was given none. */
function environment(value: unknown): Project["environment"] {
  if (value === "") return "";
  const found = ENVIRONMENTS.find((stage) => stage.toLowerCase() === String(value).toLowerCase());
  if (!found) throw unprocessable(`environment must be one of ${ENVIRONMENTS.join(", ")}`);
  return found;
}

function validName({ store }: CloudState, name: string, self?: string): string {
  if (name.length > 175) throw unprocessable("name is too long");
  const other = store.projects.first({ name });
  if (other && other.id !== self) throw new ApiError(409, "name is already in use");
  return name;
}

function existing({ store }: CloudState, { params, path }: Call): Project {
  if (/^\/v2\/projects\/default(\/|$)/.test(path)) return defaultProject(store);
  const project = store.projects.get(params["id"] as string);
  if (!project) throw notFound();
  return project;
}

function resourceView({ urn, self }: Resource, assignedAt: string, status: string) {
  return { urn, assigned_at: assignedAt, links: { self }, status };
}

function view(project: Project) {
  return {
    id: project.id,
    owner_uuid: ACCOUNT_UUID,
    owner_id: 258_992,
    name: project.name,
    description: project.description,
    purpose: project.purpose,
    ...(project.environment !== "" && { environment: project.environment }),
    is_default: project.isDefault,
    created_at: project.createdAt,
    updated_at: project.updatedAt,
  };
}
