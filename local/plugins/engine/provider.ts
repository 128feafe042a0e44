import type { Log } from "./log.ts";
import type { Properties } from "./values.ts";

/** What a bundled plugin is to the server: a name, the version of the SDK it stands in for, and its instances. */
export interface Provider {
  readonly name: string;
  readonly version: string;
  /** A fresh, unconfigured instance; the engine makes one per provider resource. */
  open(): Instance;
}

/** One provider resource of one engine. */
export interface Instance {
  /** Settings of the provider; the engine calls it before anything else. */
  configure(settings: Properties): void;
  /** @returns undefined when the plugin has no such type */
  resource(type: string): Resource | undefined;
  /** @returns undefined when the plugin has no such function */
  invoke(token: string, args: Properties, call: Call): Promise<Properties> | undefined;
}

/** What every operation gets beside its properties. All properties come without secret wrappers. */
export interface Call {
  readonly log: Log;
  /** Aborted when the user cancels the update. */
  readonly signal: AbortSignal;
}

/** The resource an operation is about. */
export interface ResourceCall extends Call {
  readonly urn: string;
  /** The name in the program. */
  readonly name: string;
  readonly type: string;
  /** Nothing may be changed: outputs that are not known yet are `UNKNOWN`. */
  readonly preview: boolean;
  /** Seconds the user gave the operation (customTimeouts); 0 leaves it to the type. */
  readonly timeoutSeconds: number;
}

export interface CheckCall extends ResourceCall {
  /** Empty when the resource is new, or is about to be replaced. */
  readonly oldInputs: Properties;
  readonly inputs: Properties;
  readonly naming: Naming;
}

/** How a resource without an explicit name gets one. */
export interface Naming {
  /** The same seed gives the same name in preview and update. */
  readonly seed: Uint8Array;
  /** From the `pulumi:autonaming` setting: a name to use, or none allowed. */
  readonly proposed?: string;
  readonly disabled?: boolean;
}

export interface Checked {
  inputs: Properties;
  failures: Failure[];
}

/** One thing wrong with the inputs. */
export interface Failure {
  property: string;
  reason: string;
}

export interface DiffCall extends ResourceCall {
  readonly id: string;
  readonly oldInputs: Properties;
  readonly oldOutputs: Properties;
  readonly inputs: Properties;
  /** Property names whose changes do not count. */
  readonly ignoreChanges: readonly string[];
}

/** What differs, by property path. */
export interface Difference {
  changes: Change[];
  deleteBeforeReplace: boolean;
}

export interface Change {
  /** As in `tags[0]` or `connection.host`. */
  path: string;
  kind: "add" | "delete" | "update";
  replaces: boolean;
}

export interface CreateCall extends ResourceCall {
  readonly inputs: Properties;
}

export interface ReadCall extends ResourceCall {
  readonly id: string;
  /** Empty in an import. */
  readonly oldInputs: Properties;
  readonly oldOutputs: Properties;
}

export type UpdateCall = DiffCall;

export interface DeleteCall extends ResourceCall {
  readonly id: string;
  readonly oldOutputs: Properties;
}

/** What exists now. */
export interface Found {
  id: string;
  outputs: Properties;
  inputs: Properties;
}

/** One resource type. Operations throw what went wrong; `PartialFailure` when the thing exists nevertheless. */
export interface Resource {
  check(call: CheckCall): Checked;
  diff(call: DiffCall): Difference;
  create(call: CreateCall): Promise<{ id: string; outputs: Properties }>;
  /** @returns undefined when it is gone */
  read(call: ReadCall): Promise<Found | undefined>;
  update(call: UpdateCall): Promise<Properties>;
  delete(call: DeleteCall): Promise<void>;
}

/** The thing exists, but not as asked for: the engine keeps it in the state and updates it next time. */
export class PartialFailure extends Error {
  readonly id: string;
  readonly outputs: Properties;

  constructor(id: string, outputs: Properties, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "PartialFailure";
    this.id = id;
    this.outputs = outputs;
  }
}
