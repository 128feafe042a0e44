import type { Log } from "../engine/log.ts";
import { pause, retryDelaysMs } from "../engine/wait.ts";
import type { Json } from "./api.ts";
import { ApiError, Interrupted } from "./errors.ts";
import type { Cloud } from "./type.ts";

/** One create that must not happen twice, though the API has no idempotency key. */
export interface OnceOptions {
  /** As in `droplet "web"`. */
  what: string;
  make(): Promise<Json>;
  /** Everything that this create, or an earlier attempt of it, may have made. */
  candidates(): Promise<Json[]>;
  /** How an object differs from what is asked for; undefined when it does not. */
  differs(object: Json): string | undefined;
  remove(object: Json): Promise<void>;
  /** Whether a candidate is known to be recorded in the state, or may be; it is then none of ours. */
  recorded(object: Json): boolean;
  /** Told when an object of an earlier attempt is used. */
  adopted?(object: Json): void;
  /** A candidate that was there before is an earlier attempt's: the tag says so. Otherwise it is somebody else's. */
  marked: boolean;
  log: Log;
  signal: AbortSignal;
}

/** What a create needs to know where its objects carry the tag of the attempt that made them. */
export function marked(cloud: Cloud) {
  return {
    marked: true,
    recorded: (one: Json) => cloud.recorded(String(one.id)),
    adopted: (one: Json) => cloud.adopted(String(one.id)),
    log: cloud.call.log,
    signal: cloud.signal,
  };
}

/** The same where there is no place for a tag: one that was there before is somebody else's. */
export function unmarked(cloud: Cloud) {
  return { marked: false, recorded: () => true, log: cloud.call.log, signal: cloud.signal };
}

/** How often a create is sent when nothing shows that it was carried out. */
const TRIES = 3;

/** Makes the object, or finds the one that an attempt without an answer has made. */
export async function createOnce(options: OnceOptions): Promise<Json> {
  const before = await options.candidates();
  const left = options.marked ? before.filter((object) => !options.recorded(object)) : [];
  if (left.length > 0) return adoptLeft(left, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return await options.make();
    } catch (error) {
      if (!(error instanceof ApiError) || error instanceof Interrupted) throw error;
      if (!error.unclear && attempt === 1) throw error;
      const made = await lookForNew(before, error.unclear, options);
      if (made) return made;
      if (!error.unclear || attempt >= TRIES) throw error;
      options.log.status(`creating ${options.what} again: ${error.reason}, and nothing was made`);
    }
  }
}

/** What an interrupted update made and could not record is used, if it is what is asked for now. */
function adoptLeft(left: Json[], options: OnceOptions): Json {
  const fitting = left.find((object) => options.differs(object) === undefined);
  if (fitting) {
    options.adopted?.(fitting);
    options.log.warning(`using ${options.what}, id ${fitting.id}: an interrupted update had made it`);
    return fitting;
  }
  const [one] = left;
  throw new Error(
    `${options.what} exists (id ${one.id}): an interrupted update made it, or it was kept when the stack was destroyed, ` +
      `and it is not what is asked for now (${options.differs(one)}); import it, or delete it`,
  );
}

/** After an unclear answer the change may still take effect, so it is looked for several times. */
async function lookForNew(before: Json[], unclear: boolean, options: OnceOptions): Promise<Json | undefined> {
  const known = new Set(before.map((object) => object.id));
  for (const delay of unclear ? retryDelaysMs() : [0]) {
    await pause(delay, options.signal);
    const made = (await options.candidates()).filter((object) => !known.has(object.id));
    const [first, ...more] = made.filter((object) => options.marked || options.differs(object) === undefined);
    for (const object of more) await options.remove(object);
    if (first) {
      options.log.status(`${options.what} had been made though the answer was lost: id ${first.id}`);
      return first;
    }
  }
  return undefined;
}
