import { randomBytes } from "node:crypto";
import type { Call, Resource, ResourceCall } from "../engine/provider.ts";
import { type Properties, same, UNKNOWN } from "../engine/values.ts";
import { checkInputs } from "../schema/check.ts";
import { diffProperties } from "../schema/diff.ts";
import { DEFAULTS, type Field, type Fields } from "../schema/fields.ts";
import { connectionField } from "./connection.ts";
import { copy } from "./copy.ts";
import { runLocally } from "./local.ts";
import { runRemotely } from "./remote.ts";

type Run = (command: string, inputs: Properties, before: Properties, call: Call) => Promise<Properties>;

const text: Field = { type: "string" };
const texts: Field = { type: "list", of: text };

const lifecycle: Fields = {
  create: text,
  update: text,
  delete: text,
  triggers: { type: "list", replaces: true },
  environment: { type: "map", of: text },
  stdin: text,
  logging: { type: "string", values: ["stdout", "stderr", "stdoutAndStderr", "none"] },
  addPreviousOutputInEnv: { type: "boolean" },
};

export const localCommand = {
  token: "command:local:Command",
  resource: command(
    { ...lifecycle, dir: text, interpreter: texts, assetPaths: texts, archivePaths: texts },
    runLocally,
  ),
};

export const remoteCommand = {
  token: "command:remote:Command",
  resource: command({ ...lifecycle, connection: connectionField }, runRemotely),
};

export const remoteCopy = {
  token: "command:remote:CopyToRemote",
  resource: copying({
    connection: connectionField,
    source: { type: "any", required: true },
    remotePath: { ...text, required: true },
    triggers: { type: "list", replaces: true },
  }),
};

/** What a command and a copy have in common: nothing can be read, and the diff is between inputs. */
function inputsOnly(fields: Fields): Pick<Resource, "check" | "diff" | "read"> {
  return {
    check(call) {
      const { inputs, failures } = checkInputs(fields, call);
      return { inputs: own(inputs), failures };
    },
    diff({ oldInputs, inputs, ignoreChanges }) {
      return { changes: diffProperties(fields, oldInputs, inputs, ignoreChanges), deleteBeforeReplace: false };
    },
    async read({ id, oldInputs, oldOutputs, type }) {
      if (Object.keys(oldOutputs).length === 0)
        throw new Error(`a ${type} cannot be imported: there is nothing to look at`);
      return { id, inputs: oldInputs, outputs: oldOutputs };
    },
  };
}

/** Nothing of these inputs needs the memory of what was filled in. */
function own(inputs: Properties): Properties {
  const { [DEFAULTS]: _, ...given } = inputs;
  return given;
}

/** A resource whose create, update and delete are commands. */
function command(fields: Fields, run: Run): Resource {
  return {
    ...inputsOnly(fields),
    async create(call) {
      const { inputs } = call;
      if (call.preview) return { id: "", outputs: { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN } };
      const outputs = await outputsOf(inputs.create, inputs, {}, run, call);
      return { id: `${call.name}${randomBytes(4).toString("hex")}`, outputs: { ...inputs, ...outputs } };
    },
    async update(call) {
      const { inputs, oldOutputs } = call;
      if (call.preview) return { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN };
      const before = streamsOf(oldOutputs);
      return { ...inputs, ...(await outputsOf(inputs.update ?? inputs.create, inputs, before, run, call)) };
    },
    async delete(call) {
      const { oldOutputs: state } = call;
      if (state.delete !== undefined) await outputsOf(state.delete, state, streamsOf(state), run, call);
    },
  };
}

/** @param script of the program; without one nothing runs, and the outputs stay as they were */
async function outputsOf(
  script: Properties[string] | undefined,
  inputs: Properties,
  before: Properties,
  run: Run,
  call: ResourceCall,
): Promise<Properties> {
  if (script === undefined) return { stdout: "", stderr: "", ...before };
  return run(String(script), inputs, before, withDeadline(call));
}

function streamsOf({ stdout, stderr }: Properties): Properties {
  return { stdout: stdout ?? "", stderr: stderr ?? "" };
}

/** A command has no time limit of its own, only the user's. */
function withDeadline<T extends ResourceCall>(call: T): T {
  if (!call.timeoutSeconds) return call;
  const { timeoutSeconds } = call;
  const deadline = new AbortController();
  const stop = (): void => deadline.abort(new Error(`it took longer than ${timeoutSeconds} s (customTimeouts)`));
  setTimeout(stop, timeoutSeconds * 1000).unref();
  return { ...call, signal: AbortSignal.any([call.signal, deadline.signal]) };
}

/** A resource that brings a file or a folder to another machine; what is there already stays when it is deleted. */
function copying(fields: Fields): Resource {
  return {
    ...inputsOnly(fields),
    async create(call) {
      if (call.preview) return { id: "", outputs: call.inputs };
      await copy(call.inputs, withDeadline(call));
      return { id: randomBytes(4).toString("hex"), outputs: call.inputs };
    },
    async update(call) {
      const { inputs, oldOutputs } = call;
      const needed = !same(inputs.source, oldOutputs.source) || inputs.remotePath !== oldOutputs.remotePath;
      if (!call.preview && needed) await copy(inputs, withDeadline(call));
      return inputs;
    },
    async delete() {},
  };
}
