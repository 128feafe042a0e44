import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { LABEL } from "../../domain/services/labels.ts";
import { asking, type EngineAddress } from "./engine.ts";

/** A container that has just been started. */
export interface ContainerStart {
  id: string;
  name: string;
  service: string;
}

/**
 * Tells of each start of a container of a project from now on, also of those that are not made yet. Resolves when the engine listens;
 * `ended` is called when it does not any more.
 */
export async function onStarts(
  docker: Docker,
  address: EngineAddress,
  project: string,
  { started, ended, signal }: { started: (one: ContainerStart) => void; ended: () => void; signal: AbortSignal },
): Promise<void> {
  const filters = {
    type: ["container" as const],
    event: ["start"],
    label: [`${LABEL.project}=${project}`, `${LABEL.oneoff}=False`],
  };
  const events = (await asking(address, "listen to the engine", () => docker.getEvents({ filters }))) as Readable;
  signal.addEventListener("abort", () => events.destroy(), { once: true });
  if (signal.aborted) events.destroy();
  events.on("error", () => {}).once("close", ended);
  createInterface({ input: events }).on("line", (line) => {
    const { ID = "", Attributes = {} } = (JSON.parse(line) as { Actor: Actor }).Actor;
    started({ id: ID, name: Attributes.name ?? "", service: Attributes[LABEL.service] ?? "" });
  });
}

interface Actor {
  ID?: string;
  Attributes?: Record<string, string>;
}
