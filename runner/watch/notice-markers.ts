import type { ApiError } from "../../clients/digitalocean/index.ts";
import { markerTag, type NodeMarkers } from "../../domain/node-marker.ts";
import { nodeMarkers, placeMarker } from "../lifecycle/markers.ts";
import type { NodeStack } from "../lifecycle/node-stack.ts";

/** Hours after which a warning that still holds is told again. */
const WARN_AGAIN_MS = 24 * 3_600_000;

/** Actions of notice markers that only say that people were warned begin like this. */
const WARNED = "warn-";

/** Notes that people were told. */
export function placeNotice(stack: NodeStack, action: string, now: number): Promise<void> {
  return placeMarker(stack.cloud, stack.owner, { kind: "notice", action, at: new Date(now) });
}

/** Takes back what people were told of these actions; `keep` leaves the one of that time. */
export async function removeNotices(stack: NodeStack, matches: (action: string, at: Date) => boolean): Promise<void> {
  const { notices } = await nodeMarkers(stack.cloud, stack.owner);
  for (const notice of notices) {
    if (!matches(notice.action, notice.at)) continue;
    await stack.cloud.deleteTag(markerTag(stack.owner, { kind: "notice", ...notice })).catch((error: ApiError) => {
      if (error.status !== 404) throw error;
    });
  }
}

/** Whether people should be warned of it (again). */
export function isDue(markers: NodeMarkers, topic: string, now: number): boolean {
  return !markers.notices.some(({ action, at }) => action === WARNED + topic && now - at.getTime() < WARN_AGAIN_MS);
}

/** Notes a warning in place of an earlier one of the topic. */
export async function placeWarning(stack: NodeStack, topic: string, now: number): Promise<void> {
  await placeNotice(stack, WARNED + topic, now);
  const second = Math.floor(now / 1000);
  await removeNotices(stack, (action, at) => action === WARNED + topic && Math.floor(at.getTime() / 1000) < second);
}

/** Forgets warnings of what is not so any more: when it comes again, people are told at once. */
export async function forgetWarnings(stack: NodeStack, markers: NodeMarkers, topics: readonly string[]): Promise<void> {
  const isOver = (action: string) => action.startsWith(WARNED) && !topics.includes(action.slice(WARNED.length));
  if (markers.notices.some(({ action }) => isOver(action))) await removeNotices(stack, isOver);
}
