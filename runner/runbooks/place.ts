import type Docker from "dockerode";
import { type EngineAddress, openEngine } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { windlassHome } from "../own-root.ts";
import { type Addressed, addressed } from "../services/address.ts";
import { records } from "../services/record.ts";
import { defaultEngine } from "../services/settings.ts";
import type { Runbook } from "./catalog.ts";
import { assignRoles, type Member, stackMembers } from "./members.ts";

/** Where a runbook is carried out. */
export interface Place {
  runbook: Runbook;
  /** The `.windlass` folder. */
  home: string;
  /** Compose's project name; null for a runbook without services. */
  stack: string | null;
  address: EngineAddress;
  docker: Docker;
  members: Member[];
  /** Names of the services that play each role. */
  roles: Record<string, string[]>;
  parameters: Record<string, string>;
}

export interface PlaceOptions extends Omit<Addressed, "files"> {
  /** Name of a stack of services, or its Compose file. @default the only one there is */
  stack?: string;
  /** Service by role, where the runbook does not find it or finds several. */
  services?: Readonly<Record<string, string>>;
  /** Values of the runbook's parameters. */
  parameters?: Readonly<Record<string, string>>;
}

/** Finds the stack, its containers and who plays which role. Throws `NotFound`, `UsageError`, `CommandFailed`. */
export async function openPlace(runbook: Runbook, options: PlaceOptions): Promise<Place> {
  const home = windlassHome(options.home);
  const parameters = parametersOf(runbook, options.parameters ?? {});
  const { stack, services: _services, parameters: _parameters, ...rest } = options;
  const name = stack ?? onlyStack(home, runbook);
  const found = name === undefined ? undefined : await addressed({ ...rest, files: [name] });
  const address = found?.address ?? { host: options.host ?? defaultEngine(home), sshOpts: options.sshOpts ?? [] };
  const docker = openEngine(address);
  const members = found ? await stackMembers(docker, address, found.project) : [];
  const roles = assignRoles(runbook, members, options.services ?? {}, found?.project ?? "(no stack)");
  return { runbook, home, stack: found?.project ?? null, address, docker, members, roles, parameters };
}

/** The same place with its containers as they are now. */
export async function refreshed(place: Place): Promise<Place> {
  const { docker, address, stack } = place;
  return stack === null ? place : { ...place, members: await stackMembers(docker, address, stack) };
}

/** The containers of a role. */
export function membersOf({ roles, members }: Place, role: string): Member[] {
  return members.filter(({ service }) => roles[role]?.includes(service));
}

/** The same, without those that also play another role. */
export function playersOf(place: Place, role: string, except: string | undefined): Member[] {
  const others = except === undefined ? [] : place.roles[except];
  return membersOf(place, role).filter(({ service }) => !others?.includes(service));
}

function onlyStack(home: string, { roles, name }: Runbook): string | undefined {
  const there = records(home).map(({ project }) => project);
  if (there.length === 1) return there[0];
  if (Object.values(roles).every(({ optional }) => optional)) return undefined;
  const known =
    there.length > 0 ? `one of ${there.join(", ")}` : "a stack that windlass services up has made, or a Compose file";
  throw new UserError(
    "UsageError",
    { reason: `${name}: which stack of services?`, suggestion: `give --stack: ${known}` },
    { exitCode: 2 },
  );
}

function parametersOf({ parameters, name }: Runbook, given: Readonly<Record<string, string>>): Record<string, string> {
  const usage = (reason: string, suggestion: string) =>
    new UserError("UsageError", { reason, suggestion }, { exitCode: 2 });
  const known = Object.keys(parameters);
  for (const key of Object.keys(given))
    if (!known.includes(key)) throw usage(`${name} has no parameter ${key}`, `it has: ${known.join(", ") || "none"}`);
  return Object.fromEntries(
    Object.entries(parameters).map(([key, { default: preset, what }]) => {
      const value = given[key] ?? preset;
      if (value === undefined) throw usage(`${name} must be told ${key}: ${what}`, `give --set ${key}=VALUE`);
      return [key, value];
    }),
  );
}
