import { changesAmong } from "../engine/changes.ts";
import type { EngineReport } from "../engine/events.ts";

/** Pulumi's type of volumes. */
export const VOLUME = "docker:index/volume:Volume";

/** Only what is Docker's; a volume that leaves the state stays where it is. */
export function changesOf(report: EngineReport) {
  return changesAmong(report, ({ type, action }) =>
    type.startsWith("docker:") && !(type === VOLUME && action === "delete") ? kindOf(type) : undefined,
  );
}

/** `docker:index/remoteImage:RemoteImage` is a `remoteimage`. */
export function kindOf(type: string): string {
  return (type.split(":").at(-1) ?? type).toLowerCase();
}
