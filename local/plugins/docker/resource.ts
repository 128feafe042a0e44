import type { Ledger } from "../engine/ledger.ts";
import { keep, lasting, told } from "../engine/lifecycle.ts";
import {
  type CheckCall,
  type Checked,
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
import { agrees, DEFAULTS } from "../schema/fields.ts";
import type { Engine } from "./engine.ts";
import type { DockerType, Present, Work } from "./type.ts";

/** The lifecycle that all resource types share; what is particular to one is in its `DockerType`. */
export function resourceOf(type: DockerType, connect: (call: ResourceCall) => Engine, ledger: Ledger): Resource {
  const workFor = (call: ResourceCall): Work => ({
    engine: connect(call),
    call,
    adopted: (id) => ledger.adopted(call.urn, id),
  });
  return {
    check: (call) => check(type, call),
    diff: (call) => diff(type, call),
    create: (call) =>
      told(`creating ${type.noun}`, call, async () => {
        const inputs = own(call.inputs);
        if (call.preview) return { id: "", outputs: planned(type, inputs) };
        const work = workFor(call);
        const id = await type.create(work, inputs);
        return { id, outputs: await settled(type, work, id, inputs, inputs) };
      }),
    read: (call) => told(`reading ${type.noun}`, call, () => read(type, workFor(call), call)),
    update: (call) => told(`updating ${type.noun}`, call, () => update(type, () => workFor(call), call)),
    delete(call) {
      if (ledger.wasAdopted(call.urn, call.id)) return keep(type.noun, call.id.slice(0, 12), call);
      return told(`deleting ${type.noun}`, call, () => type.remove(workFor(call), call.id, call.oldOutputs));
    },
  };
}

function check(type: DockerType, call: CheckCall): Checked {
  const { inputs, failures } = checkInputs(type.inputs, call, type.name);
  if (failures.length > 0) return { inputs, failures };
  const wrong = type.verify?.(inputs, call) ?? [];
  return { inputs: wrong.length > 0 ? inputs : { ...inputs, ...type.derive?.(inputs) }, failures: wrong };
}

/** An explicit name cannot be had twice, so the old one has to go first: the official plugin's rule. */
function diff(type: DockerType, call: DiffCall): Difference {
  const changes = changesOf(type, call.oldOutputs, call.inputs, call.ignoreChanges);
  const replaces = changes.some((change) => change.replaces);
  const named = type.name !== undefined && isExplicit(call.inputs, "name");
  return { changes, deleteBeforeReplace: replaces && (type.deletesFirst === true || named) };
}

function changesOf(type: DockerType, state: Properties, inputs: Properties, ignored: readonly string[]) {
  return diffProperties(type.inputs, state, type.comparable?.(inputs, state) ?? inputs, ignored);
}

/** What exists stays in the state even when it does not become what it should. */
async function settled(type: DockerType, work: Work, id: string, inputs: Properties, kept: Properties) {
  try {
    const extra = (await type.settle?.(work, id, inputs)) ?? {};
    const present = await type.find(work, id, { ...kept, ...extra });
    if (!present) throw new Error("it was made, but is not there any more");
    return { ...stateOf(type, present, kept), ...extra };
  } catch (error) {
    const present = await type.find(work, id, kept).catch(() => undefined);
    throw new PartialFailure(id, present ? stateOf(type, present, kept) : { ...kept, id }, error);
  }
}

async function read(type: DockerType, work: Work, call: ReadCall): Promise<Found | undefined> {
  const present = await type.find(work, call.id, call.oldOutputs);
  if (!present) return undefined;
  if (Object.keys(call.oldOutputs).length > 0) {
    const outputs = stateOf(type, present, call.oldOutputs);
    return { id: present.id, outputs, inputs: refreshed(type, call.oldInputs, outputs) };
  }
  if (!type.importInputs) throw new Error(`a ${type.noun} cannot be imported`);
  const inputs = { ...defaultsOf(type), ...(await type.importInputs(work, present)) };
  const declared = (await type.find(work, present.id, inputs)) ?? present;
  return { id: present.id, outputs: stateOf(type, declared, inputs), inputs: { ...inputs, [DEFAULTS]: [] } };
}

function defaultsOf(type: DockerType): Properties {
  const entries = Object.entries(type.inputs).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  );
  return Object.fromEntries(entries);
}

async function update(type: DockerType, workFor: () => Work, call: UpdateCall): Promise<Properties> {
  const inputs = own(call.inputs);
  const kept = { ...lasting(type.inputs, call.oldOutputs), ...inputs };
  if (call.preview) return { ...kept, ...Object.fromEntries((type.unsettled ?? []).map((name) => [name, UNKNOWN])) };
  const work = workFor();
  const changes = changesOf(type, call.oldOutputs, call.inputs, call.ignoreChanges);
  try {
    await type.update(work, call.id, inputs, new Set(changes.map((change) => rootOf(change.path))));
  } catch (error) {
    throw new PartialFailure(call.id, call.oldOutputs, error);
  }
  return settled(type, work, call.id, inputs, kept);
}

/** The inputs without the engine's bookkeeping. */
function own({ [DEFAULTS]: _, ...inputs }: Properties): Properties {
  return inputs;
}

/** In a preview everything that the engine will tell is unknown, unless it was given. */
function planned(type: DockerType, inputs: Properties): Properties {
  const computed = Object.keys(type.inputs).filter((name) => type.inputs[name]?.computed);
  const unknown = [...type.outputs, ...computed].map((name) => [name, UNKNOWN] as const);
  return { ...Object.fromEntries(unknown), ...inputs };
}

/** What was asked for, with what only the engine knows, and what somebody has changed there. */
function stateOf(type: DockerType, { id, properties }: Present, kept: Properties): Properties {
  const state: Properties = { ...kept };
  const set = (name: string, value: Value | undefined): void => {
    if (value === undefined) delete state[name];
    else state[name] = value;
  };
  for (const name of type.outputs) set(name, properties[name]);
  for (const name of type.completed ?? []) if (state[name] !== undefined) set(name, properties[name] ?? state[name]);
  for (const [name, field] of Object.entries(type.inputs)) {
    if (field.computed && state[name] === undefined) set(name, properties[name]);
    if (!type.mutable.includes(name)) continue;
    const changed = !agrees({ ...field, computed: false }, properties[name] ?? field.default, state[name]);
    if (changed) set(name, properties[name] ?? field.default);
  }
  return { ...state, id };
}

/** After a refresh the inputs say what is there now, where that is not what was asked for. */
function refreshed(type: DockerType, oldInputs: Properties, outputs: Properties): Properties {
  const result: Properties = { ...oldInputs };
  for (const name of type.mutable) {
    const field = type.inputs[name];
    const value = outputs[name];
    if (!field || agrees(field, value, oldInputs[name])) continue;
    if (value === undefined) delete result[name];
    else result[name] = value;
  }
  return result;
}
