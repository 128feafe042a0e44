import { isStatus, unlessGone } from "../rest/errors.ts";
import { type Cloud, wait } from "../rest/type.ts";

/** Deletes; gone already is success, though the official plugin fails then. */
export async function removeNow(cloud: Cloud, path: string): Promise<void> {
  await unlessGone(() => cloud.remove(path));
}

export interface Patience {
  /** The answers after which it is tried again, because what is in the way may go. */
  refusals: readonly number[];
  seconds: number;
  /** What is in the way, for the progress line. */
  why: string;
}

/** Deletes as soon as nothing is in the way any more; after that long the last refusal is the error. */
export async function removeUntil(cloud: Cloud, path: string, patience: Patience): Promise<void> {
  const end = Date.now() + (cloud.call.timeoutSeconds || patience.seconds) * 1000;
  await wait(cloud, `the deletion of ${path.split("/").at(-1)}`, patience.seconds * 2, async () => {
    try {
      await removeNow(cloud, path);
      return { state: "deleted", done: true };
    } catch (error) {
      if (!isStatus(error, ...patience.refusals) || Date.now() > end) throw error;
      return { state: patience.why };
    }
  });
}
