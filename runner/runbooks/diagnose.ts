import { type CommandResult, containerExec } from "../../clients/docker/exec.ts";
import { hostCommand } from "../../clients/docker/host-command.ts";
import { UserError } from "../../domain/errors.ts";
import { redact } from "../../domain/redaction.ts";
import type { Reading } from "../../domain/runbooks/judge.ts";
import { type Check, filled } from "../../domain/runbooks/schema.ts";
import { readBreakers } from "../breakers.ts";
import { askDestination } from "./destinations.ts";
import { type DiskUse, engineDisk, mountedDisks, type UnknownDisk } from "./disks.ts";
import type { Member } from "./members.ts";
import { membersOf, type Place } from "./place.ts";

/** Characters of a command's output that are kept. */
const MOST_TEXT = 2000;

/** Looks at everything that the runbook names, side by side; nothing is changed. */
export async function diagnose(place: Place): Promise<Reading[]> {
  return (await Promise.all(place.runbook.diagnosis.map((check) => readingsOf(place, check)))).flat();
}

async function readingsOf(place: Place, check: Check): Promise<Reading[]> {
  if (check.state !== undefined) return membersOf(place, check.state).map((member) => stateReading(check, member));
  if (check.exec) {
    const { in: role, command } = check.exec;
    return Promise.all(membersOf(place, role).map((member) => execReading(place, check, member, command)));
  }
  if (check.host) return [await hostReading(place, check, check.host)];
  if (check.engineDisk) return [diskReading(check.id, await engineDisk(place, check.timeoutSeconds * 1000))];
  if (check.disk !== undefined) return diskReadings(place, check, check.disk);
  return check.breakers ? breakerReadings(place, check) : destinationReadings(place, check);
}

function stateReading({ id }: Check, { service, container, state, well }: Member): Reading {
  return { check: id, service, where: container, state: well ? "ok" : "failed", value: null, text: state };
}

async function execReading(place: Place, check: Check, member: Member, command: readonly string[]): Promise<Reading> {
  const { service, container, id, running, state } = member;
  const at = { check: check.id, service, where: container };
  if (!running) return unknown(at, `it does not run: ${state}`);
  const words = filled(command, place.parameters, member.mounts);
  return run(check, at, () => containerExec(place.docker, place.address, id, words, check.timeoutSeconds * 1000));
}

function hostReading({ address, parameters }: Place, check: Check, command: readonly string[]): Promise<Reading> {
  const at = { check: check.id, service: null, where: address.host };
  return run(check, at, () => hostCommand(address, filled(command, parameters), check.timeoutSeconds * 1000));
}

type At = Pick<Reading, "check" | "service" | "where">;

async function run({ value }: Check, at: At, work: () => Promise<CommandResult>): Promise<Reading> {
  try {
    const { code, stdout, stderr } = await work();
    const text = redact(`${stdout.trim()}\n${stderr.trim()}`.trim().slice(0, MOST_TEXT));
    // 126 and 127: the command cannot be run, or is not there.
    if (code === 126 || code === 127) return unknown(at, text || `the command cannot be run (${code})`);
    return {
      ...at,
      state: code === 0 ? "ok" : "failed",
      value: numberIn(stdout, value),
      text: text || `ended with ${code}`,
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { reason, timedOut } = error.details;
    // What does not answer in time is no gap in what is known: it hangs.
    return timedOut === true ? { ...at, state: "failed", value: null, text: reason } : unknown(at, reason);
  }
}

function numberIn(text: string, pattern = "(-?\\d+(?:\\.\\d+)?)"): number | null {
  const found = new RegExp(pattern, "m").exec(text)?.[1];
  return found === undefined || found === "" || Number.isNaN(Number(found)) ? null : Number(found);
}

async function diskReadings(place: Place, { id, timeoutSeconds }: Check, role: string): Promise<Reading[]> {
  const engine = await engineDisk(place, timeoutSeconds * 1000);
  const mounted = await Promise.all(
    membersOf(place, role).map((member) => mountedDisks(place, member, engine, timeoutSeconds * 1000)),
  );
  return mounted.flat().map((disk) => diskReading(id, disk));
}

function diskReading(check: string, disk: DiskUse | UnknownDisk): Reading {
  const { service, where } = disk;
  if ("reason" in disk) return unknown({ check, service, where }, disk.reason);
  const text = `${disk.usedPercent} % of ${Math.round(disk.totalKiB / 1024)} MiB`;
  return { check, service, where, state: "ok", value: disk.usedPercent, text };
}

function breakerReadings({ home }: Place, { id }: Check): Reading[] {
  const all = readBreakers(home);
  if (all.length === 0)
    return [
      { check: id, service: null, where: "this machine", state: "ok", value: null, text: "no process shows any" },
    ];
  return all.map(({ service, destination, state, last_failure, pid }) => ({
    ...{ check: id, service: null, where: `${service} ${destination} in process ${pid}`, value: null },
    state: state === "closed" ? "ok" : "failed",
    text: state === "closed" ? state : `${state}: ${last_failure}`,
  }));
}

async function destinationReadings({ home }: Place, { id }: Check): Promise<Reading[]> {
  const open = readBreakers(home).filter(({ state }) => state !== "closed");
  return Promise.all(
    open.map(async (breaker) => {
      const { answers, reason } = await askDestination(breaker);
      const where = `${breaker.service} ${breaker.destination}`;
      return { check: id, service: null, where, state: answers ? "ok" : "failed", value: null, text: reason } as const;
    }),
  );
}

function unknown(at: At, text: string): Reading {
  return { ...at, state: "unknown", value: null, text };
}
