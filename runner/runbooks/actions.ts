import { restartContainer } from "../../clients/docker/containers.ts";
import { asking } from "../../clients/docker/engine.ts";
import { type CommandResult, containerExec } from "../../clients/docker/exec.ts";
import { hostCommand } from "../../clients/docker/host-command.ts";
import { UserError } from "../../domain/errors.ts";
import { redact } from "../../domain/redaction.ts";
import type { DueAction } from "../../domain/runbooks/judge.ts";
import { filled } from "../../domain/runbooks/schema.ts";
import { quote } from "../../domain/shell.ts";
import { readBreakers, requestReset } from "../breakers.ts";
import { type Cleaned, type CleanKind, clean } from "../maintenance/clean.ts";
import { askDestination } from "./destinations.ts";
import { type Member, memberOf } from "./members.ts";
import { type Place, playersOf } from "./place.ts";
import { recreate } from "./recreate.ts";

/** One step of a recovery as it is shown before it is carried out. */
export interface PlannedStep {
  title: string;
  /** What exactly is done, in words or as a command. */
  what: string;
  /** Containers, or the Docker host. */
  where: string[];
  /** A person has to do it. */
  manual: boolean;
  /** Answers with what came of it; throws where it failed. */
  run: () => Promise<string>;
}

/** What a due action does here. */
export function plannedStep(place: Place, { action, services }: DueAction): PlannedStep {
  const { title, restart, stop, recreate: anew, exec, host, clean: kinds, manual } = action;
  const timeoutMs = action.timeoutSeconds * 1000;
  const step = (what: string, where: string[], run: () => Promise<string>): PlannedStep => ({
    ...{ title, what, where, run, manual: false },
  });
  const meant = (role: string) => {
    const all = playersOf(place, role, action.except);
    const found = all.filter(({ service }) => services.includes(service));
    return action.all || found.length === 0 ? all : found;
  };
  const names = (members: readonly Member[]) => members.map(({ container }) => container);
  if (restart !== undefined) {
    const first = meant(restart);
    const members = action.dependents ? [...first, ...dependentsOf(place.members, first)] : first;
    return step("restart, one after the other, each until it is healthy", names(members), () =>
      inTurn(members, (member) => restarted(place, member, timeoutMs)),
    );
  }
  if (stop !== undefined)
    return step("stop", names(meant(stop)), () => inTurn(meant(stop), (one) => stopped(place, one)));
  if (anew !== undefined)
    return step("make anew from the Compose files; volumes stay", names(meant(anew)), () =>
      recreate(place, meant(anew)),
    );
  if (exec) {
    const members = meant(exec.in).filter(({ running }) => running);
    const words = (member: Member) => filled(exec.command, place.parameters, member.mounts);
    const what = members[0] ? words(members[0]) : exec.command;
    return step(what.map(quote).join(" "), names(members), () =>
      inTurn(members, async (member) =>
        outcome(await containerExec(place.docker, place.address, member.id, words(member), timeoutMs)),
      ),
    );
  }
  if (host) {
    const words = filled(host, place.parameters);
    return step(words.map(quote).join(" "), [place.address.host], async () =>
      outcome(await hostCommand(place.address, words, timeoutMs)),
    );
  }
  if (kinds) return step(`clean up: ${kinds.join(", ")}`, [place.address.host], () => cleaned(place, kinds));
  if (action.resetBreakers)
    return step("close the circuit breakers whose destination answers again", ["this machine"], () => reset(place));
  return { ...step(manual ?? "", [], async () => ""), manual: true };
}

async function inTurn(members: readonly Member[], work: (member: Member) => Promise<string>): Promise<string> {
  if (members.length === 0) return "there is nothing that runs";
  const told: string[] = [];
  for (const member of members) told.push(`${member.container}: ${await work(member)}`);
  return told.join("\n");
}

async function restarted(
  { docker, address }: Place,
  { id, service, container }: Member,
  timeoutMs: number,
): Promise<string> {
  await restartContainer(docker, address, id);
  const deadline = Date.now() + timeoutMs;
  for (let pause = 100; ; pause = Math.min(pause * 2, 1000)) {
    const { well, state } = await memberOf(docker, address, id, service);
    if (well) return state;
    if (Date.now() > deadline) throw failed(`${container} is ${state} ${timeoutMs / 1000} s after its restart`);
    await new Promise((done) => setTimeout(done, pause));
  }
}

async function stopped({ docker, address }: Place, { id, service, running }: Member): Promise<string> {
  if (running) await asking(address, `stop ${service}`, () => docker.getContainer(id).stop());
  return (await memberOf(docker, address, id, service)).state;
}

/** What depends on these, directly or not, in an order in which each comes after what it needs. */
export function dependentsOf(members: readonly Member[], first: readonly Member[]): Member[] {
  const done = new Set(first.map(({ service }) => service));
  const affected = (member: Member): boolean =>
    !done.has(member.service) && member.dependsOn.some((other) => done.has(other));
  const found: Member[] = [];
  for (let next = members.filter(affected); next.length > 0; next = members.filter(affected)) {
    const names = next.map(({ service }) => service);
    // Those that wait for another one of the same round come in a later round.
    const ready = next.filter(
      ({ dependsOn, service }) => !dependsOn.some((one) => one !== service && names.includes(one)),
    );
    const round = ready.length > 0 ? ready : next;
    for (const { service } of round) done.add(service);
    found.push(...round);
  }
  return found;
}

async function cleaned(place: Place, kinds: readonly CleanKind[]): Promise<string> {
  const { docker, address, members } = place;
  // In an emergency also what is young goes, and a full disk has no place for old logs.
  const urgent = { minAgeMs: 0, logBytes: 1_048_576, keepLogs: false, dryRun: false };
  const options = { docker, address, kinds, containers: members, now: Date.now(), ...urgent };
  const gone: Cleaned[] = [];
  for await (const one of clean(options)) gone.push(one);
  const mebibytes = Math.round(gone.reduce((sum, { bytes }) => sum + bytes, 0) / 1_048_576);
  return `${gone.length} things, ${mebibytes} MiB`;
}

/** Resets what answers; throws where something that is open does not. */
async function reset({ home }: Place): Promise<string> {
  const open = readBreakers(home).filter(({ state }) => state !== "closed");
  const asked = await Promise.all(open.map(askDestination));
  const told: string[] = [];
  for (const { breaker, answers } of asked) {
    const name = `${breaker.service} ${breaker.destination}`;
    if (!answers) continue;
    requestReset(home, name);
    told.push(`${name}: closed`);
  }
  const down = asked.filter(({ answers }) => !answers);
  if (down.length > 0) {
    const reasons = down.map(
      ({ breaker, reason }) => `${breaker.service} ${breaker.destination} is still down: ${reason}`,
    );
    throw failed([...told, ...reasons].join("; "));
  }
  return told.join("\n") || "none is open";
}

function outcome({ code, stdout, stderr }: CommandResult): string {
  const said = redact(`${stdout.trim()}\n${stderr.trim()}`.trim().slice(-2000));
  if (code !== 0) throw failed(`ended with ${code}: ${said}`);
  return said || "done";
}

function failed(reason: string): UserError {
  return new UserError("CommandFailed", { reason });
}
