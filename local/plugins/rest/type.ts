import type { Failure, ResourceCall } from "../engine/provider.ts";
import type { Properties, Value } from "../engine/values.ts";
import { type Look, waitFor } from "../engine/wait.ts";
import type { Fields } from "../schema/fields.ts";
import type { NameRule } from "../schema/naming.ts";
import type { Api, Json } from "./api.ts";

/** The API for one operation on one resource. */
export interface Cloud extends Api {
  readonly call: ResourceCall;
  /** Whether the object is, or may be, the one that the state has recorded for this resource. */
  recorded(id: string): boolean;
  /** A create takes the object for one that an interrupted attempt has left. */
  adopted(id: string): void;
}

/** What a create gives: the id, and the object where the API answers with it. */
export interface Made {
  id: string;
  object?: Json;
}

/** A create that failed and left nothing behind: there is no object for the state to keep. */
export class NothingLeft extends Error {}

/** A change made in place when one of its inputs differs. */
export interface Step {
  readonly inputs: readonly string[];
  run(cloud: Cloud, id: string, inputs: Properties, state: Properties): Promise<void>;
}

/** How a property is read from an object of the API: by the name of its field, or by a function; undefined keeps what the state has. */
export type Reader = string | ((object: Json) => Value | undefined);

/** One resource type of DigitalOcean: a table row that the generic lifecycle in `resource.ts` works through. */
export interface RestType {
  readonly token: string;
  /** As in messages: `volume attachment`. */
  readonly noun: string;
  readonly inputs: Fields;
  /** Present when the type has a name that is made up when it is not given. */
  readonly name?: NameRule;
  /** Inputs and outputs that the API tells; inputs not in it stay as they were given. */
  readonly reads: Readonly<Record<string, Reader>>;
  readonly verify?: (inputs: Properties) => Failure[];
  /** Refuses, in the preview already, a change that cannot be made. */
  readonly plan?: (state: Properties, inputs: Properties) => void;
  /** Outputs that a change makes unknown until it is done. */
  readonly unsettled?: (state: Properties, inputs: Properties) => readonly string[];
  create(cloud: Cloud, inputs: Properties): Promise<Made>;
  /** What must be true before the create or update counts as done; the resource is in the state already when it fails. */
  readonly settle?: (cloud: Cloud, made: Made, inputs: Properties) => Promise<void>;
  /** The object, or undefined when it is gone. */
  find(cloud: Cloud, id: string, state: Properties): Promise<Json | undefined>;
  readonly steps: readonly Step[];
  /** Gone already is success. */
  remove(cloud: Cloud, id: string, state: Properties): Promise<void>;
  /** The id and the state to start from, for an import; refuses ids of the wrong form. */
  readonly importing?: (id: string) => { id: string; state: Properties };
  /** Inputs that only an import reads. */
  readonly importReads?: Readonly<Record<string, Reader>>;
}

/** Seconds for an operation: what the user gave, else the type's own. */
export function secondsFor(cloud: Cloud, standard: number): number {
  return cloud.call.timeoutSeconds || standard;
}

/** `waitFor` with the operation's log and signal. */
export function wait<T>(cloud: Cloud, what: string, seconds: number, look: () => Promise<Look<T>>): Promise<T> {
  return waitFor(look, { what, seconds: secondsFor(cloud, seconds), signal: cloud.signal, log: cloud.call.log });
}
