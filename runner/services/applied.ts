import { createHmac } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import type { NasServicesArgs } from "../../components/compose-services.ts";
import { LABEL } from "../../domain/services/labels.ts";
import type { StackPlan } from "../../domain/services/spec.ts";
import { readCheckpoint } from "../checkpoint.ts";
import { engineEnvironment } from "../engine.ts";
import { orphanedEngine, stackLocks } from "../locks.ts";
import { OWN_ROOT } from "../own-root.ts";
import type { Target } from "../target.ts";

/** What an update that has ended well leaves, so that the next one can tell without Pulumi's engine that nothing is to be done. */
interface Applied {
  /** Digest of what was declared, of the state, and of all that Docker tells of what was made. */
  mark: string;
  /** How many networks, volumes, images and containers that is. */
  resources: number;
}

/**
 * How many resources there are, when everything is as the last update has left it: the same declaration and the same state, and each
 * container, image, network and volume is on the engine, unchanged in anything that Docker tells of it, running where it was running. Undefined
 * as soon as anything differs, or cannot be told: then Pulumi's engine decides what that means.
 */
export async function stillApplied(
  target: Target,
  docker: Docker,
  declared: NasServicesArgs,
): Promise<number | undefined> {
  const applied = readApplied(target);
  if (!applied || stackLocks(target).length > 0 || orphanedEngine(target) !== undefined) return undefined;
  return (await markOf(target, docker, declared)) === applied.mark ? applied.resources : undefined;
}

/** To be called when an update has ended well. @param resources how many it has left */
export async function noteApplied(
  target: Target,
  docker: Docker,
  declared: NasServicesArgs,
  resources: number,
): Promise<void> {
  const mark = await markOf(target, docker, declared);
  if (mark) writeFileSync(file(target), JSON.stringify({ mark, resources } satisfies Applied), { mode: 0o600 });
}

function file({ root }: Target): string {
  return join(root, "applied.json");
}

function readApplied(target: Target): Applied | undefined {
  if (!existsSync(file(target))) return undefined;
  try {
    return JSON.parse(readFileSync(file(target), "utf8")) as Applied;
  } catch {
    return undefined;
  }
}

/** Secrets are in what is digested, so the key is the one that encrypts them in the state. */
async function markOf(target: Target, docker: Docker, declared: NasServicesArgs): Promise<string | undefined> {
  const [key, state, found] = [passphrase(target), readCheckpoint(target), await observed(docker, declared.plan)];
  if (!key || !state?.resources || !found) return undefined;
  return createHmac("sha256", key)
    .update(JSON.stringify([program(), declared, state, found]))
    .digest("hex");
}

function passphrase(target: Target): string | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: words, PULUMI_CONFIG_PASSPHRASE_FILE: path } = {
    ...process.env,
    ...engineEnvironment(target),
  };
  return words || (path && existsSync(path) ? readFileSync(path, "utf8") : undefined);
}

/** What makes resources of a declaration: another version of it may make others. */
function program(): string[] {
  const { version } = JSON.parse(readFileSync(join(OWN_ROOT, "package.json"), "utf8")) as { version: string };
  return [version, readFileSync(join(OWN_ROOT, "components", "compose-services.ts"), "utf8")];
}

/** What Docker tells of a plan's parts, without what changes by itself; undefined when a part is not there. */
async function observed(docker: Docker, plan: StackPlan): Promise<unknown> {
  const filters = { label: [`${LABEL.project}=${plan.project}`] };
  const images = [...new Set(plan.containers.map(({ image }) => image))];
  try {
    const [networks, { Volumes: volumes }] = await Promise.all([
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters }),
    ]);
    return {
      networks: plan.networks.map((own) => {
        const [one, other] = networks.filter(({ Name }) => Name === own.name);
        if (!one || other) throw new Error(`there is not exactly one network ${own.name}`);
        const { Id, Driver, Internal, Attachable, EnableIPv6, IPAM, Options, Labels } = one;
        return { Id, Driver, Internal, Attachable, EnableIPv6, IPAM, Options, Labels };
      }),
      volumes: plan.volumes.map((own) => {
        const one = volumes.find(({ Name }) => Name === own.name);
        if (!one) throw new Error(`there is no volume ${own.name}`);
        const { Name, Driver, Options, Labels, Mountpoint } = one;
        return { Name, Driver, Options, Labels, Mountpoint };
      }),
      images: await sideBySide(images, async (name) => (await docker.getImage(name).inspect()).Id),
      containers: await sideBySide(plan.containers, async ({ name }) => {
        const { Id, Name, Image, Config, HostConfig, State, NetworkSettings } = await docker
          .getContainer(name)
          .inspect();
        const { Status, Running, Paused } = State;
        const networks = Object.entries(NetworkSettings.Networks).map(([network, use]) => {
          const { NetworkID, Aliases, IPAMConfig, Links, DriverOpts } = use as unknown as Record<string, unknown>;
          return { network, NetworkID, Aliases, IPAMConfig, Links, DriverOpts };
        });
        const ended = Running ? {} : { exitCode: State.ExitCode };
        return { Id, Name, Image, Config, HostConfig, Status, Paused, ...ended, networks };
      }),
    };
  } catch {
    return undefined;
  }
}

/** Questions at once: over ssh each has a connection of its own, and ssh servers drop those above ten that have not logged in yet. */
const AT_ONCE = 8;

async function sideBySide<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE)
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  return results;
}
