import type { Container, ContainerInspectInfo } from "dockerode";
import type { Failure } from "../../engine/provider.ts";
import { isProperties, type Properties, UNKNOWN, type Value } from "../../engine/values.ts";
import { type Look, waitFor } from "../../engine/wait.ts";
import { agrees } from "../../schema/fields.ts";
import { asked, askedFor } from "../engine.ts";
import { isStatus } from "../errors.ts";
import type { DockerType, Present, Work } from "../type.ts";
import { resources } from "./body.ts";
import { createContainer } from "./create.ts";
import { durationText, nanoseconds } from "./duration.ts";
import { containerFields } from "./fields.ts";
import { gpuRequest } from "./gpus.ts";
import { allLines, lastLines } from "./logs.ts";
import { type ImageDefaults, observedContainer } from "./observed.ts";
import { uploadFailures } from "./uploads.ts";

/** Inputs that the engine changes in a container that is there. */
const TUNABLE = [
  "restart",
  "maxRetryCount",
  "memory",
  "memoryReservation",
  "memorySwap",
  "cpuShares",
  "cpuSet",
  "cpuPeriod",
  "cpuQuota",
];

/** Seconds that a container without `waitTimeout` gets to become healthy. */
const WAIT_SECONDS = 60;

/** Seconds until a removed container must be gone. */
const REMOVE_SECONDS = 120;

/** A running program. Its files are lost when it is replaced; what it has in volumes stays. */
export const container: DockerType = {
  token: "docker:index/container:Container",
  noun: "container",
  inputs: containerFields,
  outputs: ["bridge", "containerLogs", "exitCode", "networkDatas"],
  name: { maxLength: 255 },
  deletesFirst: true,
  mutable: ["name", "mustRun", "networksAdvanced", ...TUNABLE],
  completed: ["ports"],
  unsettled: ["exitCode", "networkDatas"],
  verify,
  comparable,
  create: createContainer,
  settle,
  find,
  update,
  remove,
  importInputs,
};

function verify(inputs: Properties): Failure[] {
  const failures = uploadFailures(inputs.uploads);
  if (inputs.gpus !== undefined && inputs.deviceRequests !== undefined) {
    failures.push({ property: "gpus", reason: "conflicts with deviceRequests: give one of them" });
  }
  if (typeof inputs.gpus === "string") {
    try {
      gpuRequest(inputs.gpus);
    } catch (error) {
      failures.push({ property: "gpus", reason: (error as Error).message });
    }
  }
  const command = Array.isArray(inputs.command) ? inputs.command : [];
  if (command.includes("")) failures.push({ property: "command", reason: "values for command may not be empty" });
  for (const [index, one] of (Array.isArray(inputs.volumes) ? inputs.volumes : []).entries()) {
    if (isProperties(one) && one.containerPath === undefined && one.fromContainer === undefined) {
      failures.push({ property: `volumes[${index}]`, reason: "expected containerPath, or fromContainer" });
    }
  }
  return failures;
}

/** Port numbers that the engine has chosen, and durations as the engine writes them. */
function comparable(inputs: Properties, state: Properties): Properties {
  const { ports, healthcheck } = inputs;
  const result = { ...inputs };
  if (Array.isArray(ports) && Array.isArray(state.ports)) result.ports = withChosenPorts(ports, state.ports);
  if (isProperties(healthcheck) && isProperties(state.healthcheck)) {
    result.healthcheck = sameDurations(healthcheck, state.healthcheck);
  }
  return result;
}

/** @param before ports of the state */
function withChosenPorts(ports: Value[], before: Value[]): Value[] {
  return ports.map((port) => (isProperties(port) && port.external === undefined ? withNumber(port, before) : port));
}

/** @param now ports that the engine tells; a container that does not run has no chosen ones */
function withPortsNow(ports: Value[], now: Value | undefined): Value[] {
  return ports.map((port) => (isProperties(port) && Array.isArray(now) ? withNumber(port, now) : port));
}

/** The port with the number on the host that its twin among the others has. */
function withNumber(port: Properties, others: Value[]): Properties {
  const twin = others.find(
    (one): one is Properties =>
      isProperties(one) &&
      one.internal === port.internal &&
      (one.protocol ?? "tcp") === (port.protocol ?? "tcp") &&
      (one.ip || "0.0.0.0") === (port.ip || "0.0.0.0") &&
      (port.external === undefined || one.external !== undefined),
  );
  return twin?.external === undefined ? port : { ...port, external: twin.external };
}

/** `60s` is no change of `1m0s`. */
function sameDurations(given: Properties, before: Properties): Properties {
  const canonical = (value: Value | undefined) =>
    typeof value === "string" ? durationText(nanoseconds(value)) : value;
  const entries = Object.entries(given).map(([name, value]) => {
    const duration = ["interval", "timeout", "startPeriod", "startInterval"].includes(name);
    return [name, duration && value !== UNKNOWN && canonical(value) === canonical(before[name]) ? before[name] : value];
  });
  return Object.fromEntries(entries) as Properties;
}

function handle(work: Work, id: string): Container {
  return work.engine.docker.getContainer(id);
}

function inspect(work: Work, id: string): Promise<ContainerInspectInfo | undefined> {
  return askedFor(work.engine, `look at container ${id.slice(0, 12)}`, () => handle(work, id).inspect());
}

/** Starts it, and waits for what the inputs ask for. */
async function settle(work: Work, id: string, inputs: Properties): Promise<Properties> {
  const found = await inspect(work, id);
  if (!found || !inputs.start) return {};
  const ran = found.State.StartedAt !== "" && !found.State.StartedAt.startsWith("0001-");
  if (!found.State.Running && !(ran && (inputs.attach || !inputs.mustRun))) {
    await asked(work.engine, `start container "${inputs.name}"`, () => handle(work, id).start());
  }
  if (inputs.attach) return attached(work, id, inputs);
  if (inputs.wait) await untilHealthy(work, id, inputs);
  else await tellOfExit(work, id, inputs);
  return {};
}

/** Waits for the end of a container that is a task. */
async function attached(work: Work, id: string, inputs: Properties): Promise<Properties> {
  await asked(work.engine, `wait for the end of container "${inputs.name}"`, () =>
    handle(work, id).wait({ abortSignal: work.call.signal }),
  );
  if (!inputs.logs) return {};
  return { containerLogs: await allLines(handle(work, id), inputs.tty === true) };
}

async function untilHealthy(work: Work, id: string, inputs: Properties): Promise<void> {
  const seconds = Number(inputs.waitTimeout ?? WAIT_SECONDS);
  const { signal, log } = work.call;
  const { pause, close } = work.engine.events.watch(id);
  try {
    await waitFor(async () => health(await inspect(work, id)), {
      what: `container "${inputs.name}"`,
      seconds,
      signal,
      log,
      pause,
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}${await details(work, id, inputs)}`, { cause: error });
  } finally {
    close();
  }
}

function health(found: ContainerInspectInfo | undefined): Look<true> {
  if (!found) throw new Error("the container is gone");
  const { Status: status, ExitCode: code, Health: checked } = found.State;
  if (status === "exited" || status === "dead") throw new Error(`the container has ended with exit code ${code}`);
  if (!checked || checked.Status === "none") {
    throw new Error("wait needs a healthcheck: neither the image nor the program has one");
  }
  return checked.Status === "healthy" ? { state: "healthy", done: true } : { state: checked.Status };
}

/** What the last health check said, and what the program has written last. */
async function details(work: Work, id: string, inputs: Properties): Promise<string> {
  const found = await inspect(work, id).catch(() => undefined);
  const probe = found?.State.Health?.Log?.at(-1);
  const said = probe
    ? `\nthe last health check ended with ${probe.ExitCode}: ${probe.Output.trim().slice(0, 500)}`
    : "";
  const lines = found ? await lastLines(handle(work, id), inputs.tty === true) : "";
  return said + (lines ? `\nits last lines:\n${lines}` : "\nit has written nothing");
}

/** A program that falls over at once is no error of the update, but nobody should have to look for it. */
async function tellOfExit(work: Work, id: string, inputs: Properties): Promise<void> {
  const found = await inspect(work, id);
  if (!found || found.State.Running || !inputs.mustRun) return;
  work.call.log.warning(
    `container "${inputs.name}" has ended already, with exit code ${found.State.ExitCode}${await details(work, id, inputs)}`,
  );
}

async function find(work: Work, id: string, state: Properties): Promise<Present | undefined> {
  const found = await inspect(work, id);
  return found && { id: found.Id, properties: propertiesOf(found, state) };
}

/** A container that should run and does not has `mustRun` false in the state, so that the next update starts it. */
function propertiesOf(found: ContainerInspectInfo, state: Properties): Properties {
  const observed = observedContainer(found);
  const expected = state.mustRun !== false && state.start !== false && !state.attach;
  const mustRun = state.mustRun === undefined ? found.State.Running : expected ? found.State.Running : state.mustRun;
  const logs = state.containerLogs === undefined ? {} : { containerLogs: state.containerLogs };
  return { ...observed, ...logs, ...asDeclared(observed, state), mustRun } as Properties;
}

/** Where the engine tells what was declared in other words, the state keeps the declaration's. */
function asDeclared(observed: Properties, state: Properties): Properties {
  const result: Properties = {};
  // What was not declared is the engine's choice: swap of twice the memory, networks that `networkMode` names.
  for (const name of ["memorySwap", "networksAdvanced"]) {
    if (state.name !== undefined && state[name] === undefined) Object.assign(result, { [name]: undefined });
  }
  if (Array.isArray(state.ports)) result.ports = withPortsNow(state.ports, observed.ports);
  if (Array.isArray(state.networksAdvanced)) {
    const before = state.networksAdvanced;
    const now = (observed.networksAdvanced ?? []) as Properties[];
    const names = new Set(before.map((one) => (one as Properties).name));
    const same = now.length === before.length && now.every((one) => names.has(one.name as Value));
    if (same || !isRunning(observed)) result.networksAdvanced = before;
  }
  return result as Properties;
}

/** The engine lists a container's networks while it runs. */
function isRunning(observed: Properties): boolean {
  return observed.exitCode === undefined;
}

async function update(work: Work, id: string, inputs: Properties, changed: ReadonlySet<string>): Promise<void> {
  if (!TUNABLE.some((name) => changed.has(name))) return;
  const limits = resources(inputs);
  // The engine wants to hear of both, and gives twice the memory where only that is given: its own rule at the create.
  if (changed.has("memory") && inputs.memory && inputs.memorySwap === undefined) {
    limits.MemorySwap = 2 * Number(limits.Memory);
  }
  const restart = { Name: inputs.restart, MaximumRetryCount: inputs.maxRetryCount ?? 0 };
  await asked(work.engine, `change container "${inputs.name}"`, () =>
    handle(work, id).update({ ...limits, RestartPolicy: restart }),
  );
}

/** Ends it as `docker stop` does, then removes it: a program gets its time to end, 10 s unless the inputs say otherwise. */
async function remove(work: Work, id: string, state: Properties): Promise<void> {
  const { call, engine } = work;
  const one = handle(work, id);
  const found = await inspect(work, id);
  if (found?.State.Running && !state.attach) {
    const grace = Number(state.destroyGraceSeconds ?? 0);
    call.log.status(`stopping container "${state.name}"`);
    await askedFor(engine, `stop container "${state.name}"`, () => one.stop(grace > 0 ? { t: grace } : {})).catch(
      (error: unknown) => {
        if (!isStatus(error, 304)) throw error;
      },
    );
  }
  const removal = () => one.remove({ force: true, v: state.removeVolumes !== false });
  await askedFor(engine, `remove container "${state.name}"`, removal).catch((error: unknown) => {
    // Somebody else, or `rm`, is removing it.
    if (!isStatus(error, 409)) throw error;
  });
  const gone = async (): Promise<Look<true>> => ({
    state: "there",
    done: (await inspect(work, id)) ? undefined : true,
  });
  await waitFor(gone, {
    what: `container "${state.name}"`,
    seconds: REMOVE_SECONDS,
    signal: call.signal,
    log: call.log,
  });
}

/** Without what a container has from its image or from the engine, unless that is what was asked for. */
async function importInputs(work: Work, { id, properties }: Present): Promise<Properties> {
  const found = await inspect(work, id);
  const image = await askedFor(work.engine, "look at its image", () =>
    work.engine.docker.getImage(found?.Image ?? "").inspect(),
  );
  if (!found) return properties;
  const defaults = (image?.Config ?? {}) as ImageDefaults & { Healthcheck?: unknown };
  const inputs = observedContainer(found, defaults);
  const usual: Properties = {
    command: (defaults.Cmd ?? []) as string[],
    entrypoints: (defaults.Entrypoint ?? []) as string[],
    envs: (defaults.Env ?? []) as string[],
    hostname: id.slice(0, 12),
    init: false,
    ipcMode: "private",
    logDriver: "json-file",
    platform: "linux",
    runtime: "runc",
    shmSize: 64,
  };
  for (const name of [...container.outputs, ...Object.keys(usual)]) {
    const field = containerFields[name];
    if (!field || agrees({ ...field, computed: false }, usual[name], inputs[name])) delete inputs[name];
  }
  if (defaults.Healthcheck) delete inputs.healthcheck;
  if (defaults.Labels && Array.isArray(inputs.labels)) {
    inputs.labels = inputs.labels.filter((one) => {
      const { label, value } = one as { label: string; value: string };
      return defaults.Labels?.[label] !== value;
    });
    if (inputs.labels.length === 0) delete inputs.labels;
  }
  if (Array.isArray(inputs.envs)) inputs.envs = inputs.envs.filter((one) => !defaults.Env?.includes(one as string));
  // Twice the memory is what the engine gives by itself.
  if (inputs.memorySwap === 2 * Number(inputs.memory)) delete inputs.memorySwap;
  return { ...inputs, mustRun: found.State.Running };
}
