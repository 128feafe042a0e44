import { LABEL } from "../../domain/services/labels.ts";
import { liveResources, readCheckpoint } from "../checkpoint.ts";
import { readRecord, STACK, stateBackend } from "./record.ts";

/**
 * The services that a project was brought up with, and their images, by its state: neither its files nor an engine are asked. Undefined for
 * a project that was not brought up here, or on another engine.
 * @param home the `.windlass` folder
 */
export function servicesMade(
  home: string,
  project: string,
  host: string,
): Record<string, { image: string }> | undefined {
  if (readRecord(home, project)?.host !== host) return undefined;
  const resources = liveResources(readCheckpoint({ backend: stateBackend(home), project, stack: STACK }));
  return Object.fromEntries(
    resources
      .filter(({ type }) => type === "docker:index/container:Container")
      .map(({ inputs = {} }) => {
        const labels = inputs.labels as { label: string; value: string }[];
        const service = labels.find(({ label }) => label === LABEL.service)?.value ?? "";
        return [service, { image: String(inputs.image) }];
      }),
  );
}
