import { relative } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { LABEL } from "../domain/services/labels.ts";
import type { BuildSpec, ContainerSpec, Dependency, Labels, ServiceRef, StackPlan } from "../domain/services/spec.ts";
import { refuse } from "./arguments.ts";

/** Arguments of NasServices. */
export interface NasServicesArgs {
  /** What to run, made from a Compose file by `planStack`. A change makes anew only the containers, networks and images that differ; a volume is never made anew. */
  plan: StackPlan;
  /** Address of the Docker engine: `unix:///var/run/docker.sock`, `tcp://nas:2376` or `ssh://root@nas`. A change makes everything anew there and leaves what is on the old one, so use one stack per engine. */
  host: string;
  /** Options for ssh, one word each. A change has no effect on what runs. @default [] */
  sshOpts?: string[];
  /** Seconds that a service with a health check gets to become healthy, in place of what its check allows. A change updates in place. @default - start period, and every retry at its slowest; at least 60 */
  healthySeconds?: number;
}

/** What runs of a service. */
export interface RunningService {
  service: string;
  container: string;
  id: string;
}

const ENGINES = /^(unix|npipe|tcp|https?|ssh):\/\/./;

/**
 * A Compose project on one Docker engine (a NAS, a droplet, this machine), as `docker compose up` would make it, with Compose's labels, so that
 * `docker compose ps` and desktop tools see it as a project. Containers start in the order of `depends_on`, side by side where it allows;
 * those with a health check must become healthy. Volumes are protected and kept.
 *
 * @example new NasServices("shop", { plan: planStack(project, origin, environment), host: "ssh://root@nas" })
 */
export class NasServices extends pulumi.ComponentResource {
  /** One for each container, in the order in which they start. */
  readonly services: pulumi.Output<RunningService[]>;

  readonly #args: NasServicesArgs;
  readonly #containers = new Map<string, docker.Container[]>();
  /** By their names in the engine. */
  readonly #networks: Map<string, docker.Network>;
  readonly #volumes: pulumi.Resource[];
  readonly #images: Map<string, docker.RemoteImage>;
  readonly #options: pulumi.CustomResourceOptions;

  constructor(name: string, args: NasServicesArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("windlass:services:NasServices", name, {}, opts);
    refuse(`NasServices ${name}`, problems(args));
    this.#args = args;
    const provider = new docker.Provider(
      `${name}-engine`,
      { host: args.host, ...(args.sshOpts?.length ? { sshOpts: args.sshOpts } : {}) },
      { parent: this },
    );
    this.#options = { parent: this, provider };
    this.#networks = this.#createNetworks(name);
    this.#volumes = this.#createVolumes(name);
    this.#images = this.#createImages(name);
    const made = args.plan.containers.map((spec) => ({ spec, container: this.#createContainer(name, spec) }));
    this.services = pulumi.all(
      made.map(({ spec, container }) =>
        container.id.apply((id) => ({ service: spec.service, container: spec.name, id })),
      ),
    );
    this.registerOutputs({ services: this.services });
  }

  #createNetworks(name: string): Map<string, docker.Network> {
    return new Map(
      this.#args.plan.networks.map(({ key, labels, ...network }) => [
        network.name,
        new docker.Network(
          `${name}-network-${key}`,
          { ...network, labels: labelList(labels) },
          { ...this.#options, deleteBeforeReplace: true },
        ),
      ]),
    );
  }

  /** Labels tell who made a volume, not how it is: a change of them must never cost the data. */
  #createVolumes(name: string): pulumi.Resource[] {
    return this.#args.plan.volumes.map(
      ({ key, labels, ...volume }) =>
        new docker.Volume(
          `${name}-volume-${key}`,
          { ...volume, labels: labelList(labels) },
          { ...this.#options, protect: true, retainOnDelete: true, ignoreChanges: ["labels"] },
        ),
    );
  }

  /** Images stay in the engine when nothing uses them: others may, and the next start is quick. */
  #createImages(name: string): Map<string, docker.RemoteImage> {
    return new Map(
      this.#args.plan.images.map(({ build, pullAfterSeconds: _, ...image }) => [
        imageKey(image),
        new docker.RemoteImage(
          `${name}-image-${imageKey(image)}`,
          { ...image, ...(build ? { build: buildArguments(build) } : {}), keepLocally: true },
          this.#options,
        ),
      ]),
    );
  }

  #createContainer(name: string, spec: ContainerSpec): docker.Container {
    const { healthySeconds } = this.#args;
    const image = spec.pulled ? this.#images.get(imageKey({ ...spec, name: spec.image })) : undefined;
    const waitTimeout = spec.healthySeconds && (healthySeconds ?? spec.healthySeconds);
    const { destroyGraceSeconds, ...settings } = spec.settings;
    const grace = this.#afterTasks(spec, destroyGraceSeconds);
    const container = new docker.Container(
      `${name}-${spec.key}`,
      {
        ...settings,
        name: spec.name,
        image: spec.image,
        envs: pulumi.secret(spec.envs),
        labels: withImage(spec.labels, image?.imageId),
        networkMode: this.#reference(spec.networkMode),
        networksAdvanced: spec.networks.map((use) => ({ ...use, name: this.#network(use.name) })),
        volumes: spec.volumes,
        mounts: spec.mounts,
        removeVolumes: false,
        ...(spec.platform ? { platform: spec.platform } : {}),
        ...(spec.pidMode ? { pidMode: this.#reference(spec.pidMode) } : {}),
        ...(spec.ipcMode ? { ipcMode: this.#reference(spec.ipcMode) } : {}),
        ...(spec.uploads.length > 0 ? { uploads: pulumi.secret(spec.uploads) } : {}),
        ...(spec.isTask ? { attach: true, mustRun: false } : {}),
        ...(waitTimeout ? { wait: true, waitTimeout } : {}),
        ...(grace === undefined ? {} : { destroyGraceSeconds: grace }),
      },
      { ...this.#options, deleteBeforeReplace: true, dependsOn: this.#dependencies(spec) },
    );
    const others = this.#containers.get(spec.service) ?? [];
    this.#containers.set(spec.service, [...others, container]);
    return container;
  }

  #dependencies(spec: ContainerSpec): pulumi.Resource[] {
    const services = spec.dependsOn.flatMap(({ service }) => this.#containers.get(service) ?? []);
    // An image that cannot be had must not cost a container that runs.
    return [...this.#networks.values(), ...this.#volumes, ...this.#images.values(), ...services];
  }

  /**
   * A container whose tasks have failed is not started: an input that is computed from their exit codes, and changes nothing, fails. Which
   * one it is matters: it must not make the container anew when a task runs again.
   */
  #afterTasks(spec: ContainerSpec, grace: number | undefined): pulumi.Input<number> | undefined {
    const tasks = spec.dependsOn.filter(isTask).map(({ service }) => service);
    if (tasks.length === 0) return grace;
    const codes = tasks.flatMap((service) =>
      (this.#containers.get(service) ?? []).map(({ exitCode }) => exitCode.apply((code) => ({ service, code }))),
    );
    return pulumi.all(codes).apply((ends) => {
      const failed = ends.find(({ code }) => code !== 0);
      if (failed)
        throw new Error(`${spec.service} is not started: ${failed.service} has ended with exit code ${failed.code}`);
      return grace ?? ENGINE_GRACE_SECONDS;
    });
  }

  /** A network of the stack as its output: a new network takes new containers, for the old ones cannot leave it. */
  #network(name: string): pulumi.Input<string> {
    return this.#networks.get(name)?.name ?? name;
  }

  #reference(mode: string | ServiceRef): pulumi.Input<string> {
    if (typeof mode === "string") return this.#network(mode);
    const [container] = this.#containers.get(mode.service) ?? [];
    if (!container) throw new Error(`service ${mode.service} is not in the plan`);
    return pulumi.interpolate`container:${container.id}`;
  }
}

/** What the engine takes when nobody says how long a stop may last. */
const ENGINE_GRACE_SECONDS = 10;

function isTask({ condition }: Dependency): boolean {
  return condition === "service_completed_successfully";
}

/** The Dockerfile's path begins at the context. What is given to a build may be secret. */
function buildArguments({ context, dockerfile, buildArgs, ...build }: BuildSpec): docker.types.input.RemoteImageBuild {
  return {
    ...build,
    context,
    dockerfile: relative(context, dockerfile),
    ...(buildArgs ? { buildArgs: pulumi.secret(buildArgs) } : {}),
  };
}

function imageKey({ name, platform }: { name: string; platform?: string }): string {
  return platform ? `${name}-${platform}` : name;
}

function labelList(labels: Labels): { label: string; value: string }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }));
}

/** The image's id is a label too: another image of the same name makes the container anew. */
function withImage(labels: Labels, imageId: pulumi.Output<string> | undefined) {
  return [...labelList(labels), ...(imageId ? [{ label: LABEL.image, value: imageId }] : [])];
}

function problems({ plan, host, healthySeconds }: NasServicesArgs): string[] {
  const found: string[] = [];
  if (!ENGINES.test(host))
    found.push(`host: got ${JSON.stringify(host)}, allowed is unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST`);
  if (healthySeconds !== undefined && !(healthySeconds > 0))
    found.push(`healthySeconds: got ${healthySeconds}, allowed is a number above 0`);
  if (plan.containers.length === 0) found.push("plan: it has no service");
  return found;
}
