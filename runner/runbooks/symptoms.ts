import { containerExec } from "../../clients/docker/exec.ts";
import { imageWord } from "../../domain/runbooks/roles.ts";
import type { Place } from "./place.ts";

/** A symptom as the stack's Prometheus shows it. */
export interface SymptomSeen {
  what: string;
  query: string;
  /** Null where no Prometheus of the stack answers. */
  seen: boolean | null;
}

const PATIENCE_MS = 10_000;

/** Asks the stack's own Prometheus, from within its container: its port need not be open. */
export function askSymptoms(place: Place): Promise<SymptomSeen[]> {
  const server = place.members.find(({ image, running }) => running && imageWord(image) === "prometheus");
  return Promise.all(
    place.runbook.symptoms.map(async ({ what, query }) => ({
      ...{ what, query },
      seen: server === undefined ? null : await asked(place, server.id, query),
    })),
  );
}

async function asked({ docker, address }: Place, id: string, query: string): Promise<boolean | null> {
  const url = `http://localhost:9090/api/v1/query?${new URLSearchParams({ query })}`;
  try {
    const { code, stdout } = await containerExec(docker, address, id, ["wget", "-q", "-O", "-", url], PATIENCE_MS);
    if (code !== 0) return null;
    const { data } = JSON.parse(stdout) as { data?: { result?: unknown[] } };
    return (data?.result?.length ?? 0) > 0;
  } catch {
    return null;
  }
}
