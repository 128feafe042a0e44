import type { Ledger } from "../engine/ledger.ts";
import { keep, lasting, told } from "../engine/lifecycle.ts";
import {
  type CheckCall,
  type Checked,
  type CreateCall,
  type DiffCall,
  type Difference,
  type Found,
  PartialFailure,
  type ReadCall,
  type Resource,
  type ResourceCall,
  type UpdateCall,
} from "../engine/provider.ts";
import { type Properties, UNKNOWN, type Value } from "../engine/values.ts";
import { checkInputs, isExplicit } from "../schema/check.ts";
import { diffProperties, rootOf } from "../schema/diff.ts";
import { agrees, DEFAULTS, stored } from "../schema/fields.ts";
import type { Api, Json } from "./api.ts";
import { type Cloud, type Made, NothingLeft, type Reader, type RestType } from "./type.ts";

/** The lifecycle that all resource types share; what is particular to one is in its table row. */
export function resourceOf(type: RestType, connect: (signal: AbortSignal) => Api, ledger: Ledger): Resource {
  const cloudFor = (call: ResourceCall): Cloud => ({
    ...connect(call.signal),
    call,
    recorded: (id) => ledger.isRecorded(call.urn, id),
    adopted: (id) => ledger.adopted(call.urn, id),
  });

  return {
    check: (call) => check(type, call, ledger),
    diff(call) {
      ledger.sawId(call.urn, call.id);
      return diff(type, call);
    },
    create: (call) => told(`creating ${type.noun}`, call, () => create(type, cloudFor(call), call)),
    read(call) {
      if (Object.keys(call.oldOutputs).length > 0) ledger.sawId(call.urn, call.id);
      return told(`reading ${type.noun}`, call, () => read(type, cloudFor(call), call));
    },
    update(call) {
      ledger.sawId(call.urn, call.id);
      return told(`updating ${type.noun}`, call, () => update(type, cloudFor(call), call));
    },
    delete(call) {
      if (ledger.wasAdopted(call.urn, call.id)) return keep(type.noun, `id ${call.id}`, call);
      ledger.sawId(call.urn, call.id);
      return told(`deleting ${type.noun}`, call, () => type.remove(cloudFor(call), call.id, call.oldOutputs));
    },
  };
}

function check(type: RestType, call: CheckCall, ledger: Ledger): Checked {
  if (Object.keys(call.oldInputs).length > 0) ledger.sawState(call.urn);
  const { inputs, failures } = checkInputs(type.inputs, call, type.name);
  return { inputs, failures: [...failures, ...(failures.length === 0 ? (type.verify?.(inputs) ?? []) : [])] };
}

/** An explicit name cannot be had twice, so the old one has to go first: the official plugins' rule. */
function diff(type: RestType, call: DiffCall): Difference {
  const changes = diffProperties(type.inputs, call.oldOutputs, call.inputs, call.ignoreChanges);
  const replaces = changes.some((change) => change.replaces);
  return { changes, deleteBeforeReplace: replaces && type.name !== undefined && isExplicit(call.inputs, "name") };
}

async function create(type: RestType, cloud: Cloud, call: CreateCall): Promise<{ id: string; outputs: Properties }> {
  const inputs = inputsOf(type, call.inputs);
  if (call.preview) return { id: "", outputs: planned(type, inputs) };
  const made = await type.create(cloud, inputs);
  return { id: made.id, outputs: await settled(type, cloud, made, inputs, storedInputs(type, inputs)) };
}

/** What exists stays in the state even when it does not become what it should. */
async function settled(type: RestType, cloud: Cloud, made: Made, inputs: Properties, kept: Properties) {
  try {
    await type.settle?.(cloud, made, inputs);
    const object = await type.find(cloud, made.id, kept);
    if (!object) throw new Error("it was made, but is not there");
    return stateOf(type, made.id, object, kept);
  } catch (error) {
    if (error instanceof NothingLeft) throw error;
    const outputs = made.object ? stateOf(type, made.id, made.object, kept) : { ...kept, id: made.id };
    throw new PartialFailure(made.id, outputs, error);
  }
}

async function read(type: RestType, cloud: Cloud, call: ReadCall): Promise<Found | undefined> {
  const importing = Object.keys(call.oldOutputs).length === 0;
  const start = importing && type.importing ? type.importing(call.id) : { id: call.id, state: call.oldOutputs };
  const object = await type.find(cloud, start.id, start.state);
  if (!object) return undefined;
  const extra = importing ? readAll(type.importReads ?? {}, object) : {};
  const outputs = stateOf(type, start.id, object, { ...start.state, ...extra });
  const known = Object.keys(call.oldInputs).length > 0;
  return { id: start.id, outputs, inputs: known ? refreshed(type, call.oldInputs, outputs) : imported(type, outputs) };
}

async function update(type: RestType, cloud: Cloud, call: UpdateCall): Promise<Properties> {
  const inputs = inputsOf(type, call.inputs);
  type.plan?.(call.oldOutputs, inputs);
  const kept = { ...lasting(type.inputs, call.oldOutputs), ...storedInputs(type, inputs) };
  if (call.preview) {
    const unsettled = type.unsettled?.(call.oldOutputs, inputs) ?? [];
    return { ...kept, ...Object.fromEntries(unsettled.map((name) => [name, UNKNOWN])) };
  }
  const changes = diffProperties(type.inputs, call.oldOutputs, inputs, call.ignoreChanges);
  const changed = new Set(changes.map((change) => rootOf(change.path)));
  try {
    for (const step of type.steps) {
      if (step.inputs.some((input) => changed.has(input))) await step.run(cloud, call.id, inputs, call.oldOutputs);
    }
  } catch (error) {
    throw new PartialFailure(call.id, await stateNow(type, cloud, call), error);
  }
  return settled(type, cloud, { id: call.id }, inputs, kept);
}

/** After a step that failed the steps before it have had their effect, so the state is what is there now. */
async function stateNow(type: RestType, cloud: Cloud, call: UpdateCall): Promise<Properties> {
  const object = await type.find(cloud, call.id, call.oldOutputs).catch(() => undefined);
  return object ? stateOf(type, call.id, object, call.oldOutputs) : call.oldOutputs;
}

/** The inputs as they are sent: without the engine's bookkeeping, and in the letter case that the API has. */
function inputsOf(type: RestType, inputs: Properties): Properties {
  const { [DEFAULTS]: _, ...own } = inputs;
  const sent = (name: string, value: Value): Value => {
    const field = type.inputs[name];
    return field?.stored === "lower" ? stored(field, value) : value;
  };
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, sent(name, value)]));
}

function storedInputs(type: RestType, inputs: Properties): Properties {
  const entries = Object.entries(inputs).filter(([name]) => type.inputs[name] !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, stored(type.inputs[name]!, value)]));
}

/** In a preview everything that the cloud will tell is unknown, unless it was given. */
function planned(type: RestType, inputs: Properties): Properties {
  const outputs: Properties = {};
  for (const name of Object.keys(type.reads)) {
    if (type.inputs[name] === undefined || type.inputs[name].computed) outputs[name] = UNKNOWN;
  }
  return { ...outputs, ...storedInputs(type, inputs) };
}

/** @param kept what stays where the API tells nothing */
function stateOf(type: RestType, id: string, object: Json, kept: Properties): Properties {
  const state: Properties = { ...kept };
  for (const [name, value] of Object.entries(readAll(type.reads, object))) {
    const field = type.inputs[name];
    const unchanged = field?.type === "set" && kept[name] !== undefined && agrees(field, kept[name], value);
    if (!unchanged) state[name] = value;
  }
  return { ...state, id };
}

function readAll(readers: Readonly<Record<string, Reader>>, object: Json): Properties {
  const result: Properties = {};
  for (const [name, reader] of Object.entries(readers)) {
    const value = typeof reader === "string" ? object[reader] : reader(object);
    if (value !== undefined && value !== null) result[name] = value as Value;
  }
  return result;
}

/** After a refresh the inputs say what is there now, where that is not what was asked for. */
function refreshed(type: RestType, oldInputs: Properties, outputs: Properties): Properties {
  const result: Properties = { ...oldInputs };
  for (const name of Object.keys(oldInputs)) {
    const field = type.inputs[name];
    if (!field || !(name in type.reads) || outputs[name] === undefined) continue;
    if (!agrees(field, outputs[name], oldInputs[name])) result[name] = outputs[name];
  }
  return result;
}

/** The inputs that a program would give to get what is there. */
function imported(type: RestType, outputs: Properties): Properties {
  const result: Properties = {};
  for (const [name, field] of Object.entries(type.inputs)) {
    const value = outputs[name] ?? field.default;
    const given = field.required || field.default !== undefined || !agrees(field, value, undefined);
    if (value !== undefined && (given || field.computed)) result[name] = value;
  }
  return { ...result, [DEFAULTS]: [] };
}
