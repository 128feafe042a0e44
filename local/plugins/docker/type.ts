import type { Failure, ResourceCall } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import type { Fields } from "../schema/fields.ts";
import type { NameRule } from "../schema/naming.ts";
import type { Engine } from "./engine.ts";

/** An object of the engine's API, where dockerode's types say too little. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is the engine's
export type Raw = Record<string, any>;

/** The engine, for one operation on one resource. */
export interface Work {
  readonly engine: Engine;
  readonly call: ResourceCall;
  /** A create takes the object for one that an interrupted attempt has left. */
  adopted(id: string): void;
}

/** What is on the engine. */
export interface Present {
  id: string;
  /** Every property that the engine tells; empty ones are left out. */
  properties: Properties;
}

/** One resource type of Docker: what the lifecycle in `resource.ts` works through. */
export interface DockerType {
  readonly token: string;
  /** As in messages: `container`. */
  readonly noun: string;
  readonly inputs: Fields;
  /** What only the engine tells. */
  readonly outputs: readonly string[];
  /** Present when the type has a name that is made up when it is not given. */
  readonly name?: NameRule;
  /** The old one always goes first, also where the name is made up. */
  readonly deletesFirst?: boolean;
  /** Inputs that somebody can change on the engine without making a new object. */
  readonly mutable: readonly string[];
  /** Inputs of which the engine fills in parts, such as the numbers of ports. */
  readonly completed?: readonly string[];
  /** Outputs that an update makes unknown until it is done. */
  readonly unsettled?: readonly string[];
  readonly verify?: (inputs: Properties, call: ResourceCall) => Failure[];
  /** Inputs that the check adds, such as a digest of files. */
  readonly derive?: (inputs: Properties) => Properties;
  /** The inputs as they are compared with the state: what the engine has chosen in the place of what was left open. */
  readonly comparable?: (inputs: Properties, state: Properties) => Properties;
  /** @returns the id */
  create(work: Work, inputs: Properties): Promise<string>;
  /** What must be true before a create or update counts as done; the object is in the state already when it fails. */
  readonly settle?: (work: Work, id: string, inputs: Properties) => Promise<Properties>;
  /** @returns undefined when it is gone */
  find(work: Work, id: string, state: Properties): Promise<Present | undefined>;
  /** Changes in place; @param changed the inputs that differ; empty when an earlier attempt is taken up again */
  update(work: Work, id: string, inputs: Properties, changed: ReadonlySet<string>): Promise<void>;
  /** Gone already is success. */
  remove(work: Work, id: string, state: Properties): Promise<void>;
  /** The inputs that a program would give to get what is there; left out where the type cannot be imported. */
  readonly importInputs?: (work: Work, present: Present) => Promise<Properties>;
}

/** For types without anything that can be changed in place. */
export async function nothingToUpdate(): Promise<void> {}
