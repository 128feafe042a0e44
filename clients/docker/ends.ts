import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { asking, type EngineAddress } from "./engine.ts";

/** How a container has ended last, and how often it was started again since it was started by somebody. */
export interface Ends {
  /** Restarts by its policy. */
  restarts: number;
  /** Null where it has not ended yet. */
  lastExit: LastExit | null;
}

export interface LastExit {
  /** RFC 3339. */
  at: string;
  /** Null where it runs again, and the engine does not remember. */
  code: number | null;
  /** The kernel ended it for want of memory; known until it runs again. */
  outOfMemory: boolean;
}

/** The ends of containers, by id; one that is gone meanwhile is left out. */
export async function containerEnds(
  docker: Docker,
  address: EngineAddress,
  ids: readonly string[],
): Promise<Map<string, Ends>> {
  const found = await Promise.all(
    ids.map((id) =>
      asking(address, `look at container ${id.slice(0, 12)}`, () => docker.getContainer(id).inspect()).catch(
        (error) => {
          if (error.details?.status === 404) return undefined;
          throw error;
        },
      ),
    ),
  );
  const containers = found.flatMap((one) => one ?? []);
  const again = containers.filter(({ State }) => State.Running && hasEnded(State.FinishedAt));
  const codes = again.length > 0 ? await exitCodes(docker, address, again) : new Map<string, number>();
  return new Map(
    containers.map(({ Id, State, RestartCount: restarts }) => {
      const code = State.Running ? (codes.get(Id) ?? null) : State.ExitCode;
      const lastExit = { at: State.FinishedAt, code, outOfMemory: State.OOMKilled };
      return [Id, { restarts, lastExit: hasEnded(State.FinishedAt) ? lastExit : null }];
    }),
  );
}

/** The engine writes the year 1 for never. */
function hasEnded(at: string): boolean {
  return at !== "" && !at.startsWith("0001-");
}

/** Exit codes of containers that run again: an engine keeps its last 256 events, and those of health checks are among them. */
async function exitCodes(
  docker: Docker,
  address: EngineAddress,
  containers: readonly { Id: string; State: { FinishedAt: string } }[],
): Promise<Map<string, number>> {
  // By the engine's clock, which need not be ours: asked for what is to come, it would wait.
  const ends = containers.map(({ State }) => Date.parse(State.FinishedAt) / 1000);
  const events = await asking(address, "look back at the engine's events", () =>
    docker.getEvents({
      since: Math.min(...ends) - 1,
      until: Math.max(...ends) + 0.5,
      filters: { event: ["die"], container: containers.map(({ Id }) => Id) },
    }),
  );
  const lines = (await text(events as Readable)).split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const { Actor } = JSON.parse(line) as { Actor: { ID: string; Attributes: { exitCode?: string } } };
      return [Actor.ID, Number(Actor.Attributes.exitCode)];
    }),
  );
}
