import type { Json } from "../rest/api.ts";
import { isStatus } from "../rest/errors.ts";
import { createOnce, unmarked } from "../rest/once.ts";
import { type Cloud, wait } from "../rest/type.ts";

/** Actions are given up after an hour, as by the official plugin. */
const ACTION_SECONDS = 60 * 60;
/** A droplet does one thing at a time; this long is waited for its turn, as by the official plugin. */
const PENDING_EVENT_SECONDS = 5 * 60;

/**
 * Starts an action and waits until it has completed.
 * @param path of the actions, as in `/v2/droplets/1/actions`
 * @param body with the action's `type`
 */
export async function runAction(cloud: Cloud, path: string, body: Json): Promise<Json> {
  const what = `${body.type} of ${path.replace(/^\/v2\/(.*)\/actions$/, "$1")}`;
  const started = await wait(cloud, `the turn of ${what}`, PENDING_EVENT_SECONDS, async () => {
    try {
      return { state: "sent", done: await start(cloud, path, body, what) };
    } catch (error) {
      if (isStatus(error, 422) && /pending event/i.test(error.reason)) return { state: error.reason };
      throw error;
    }
  });
  return completed(cloud, started, what);
}

function start(cloud: Cloud, path: string, body: Json, what: string): Promise<Json> {
  return createOnce({
    what,
    make: async () => (await cloud.post(path, body)).action,
    candidates: async () => (await cloud.get(path)).actions.filter((one: Json) => one.type.startsWith(body.type)),
    differs: () => undefined,
    remove: async () => {},
    ...unmarked(cloud),
  });
}

/** Completed is what has a time of completion, whatever the status says. */
export function completed(cloud: Cloud, action: Json, what: string): Promise<Json> {
  return wait(cloud, what, ACTION_SECONDS, async () => {
    const { action: now } = await cloud.get(`/v2/actions/${action.id}`);
    if (now.status === "errored") throw new Error(`${what} failed (action ${now.id} ended as errored)`);
    return { state: now.status, done: now.completed_at ? now : undefined };
  });
}
