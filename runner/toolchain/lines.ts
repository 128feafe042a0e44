import type { PartEvent } from "./part.ts";

/** One line of progress for a person; undefined for what needs no word (a part that is there). */
export function partLine(event: PartEvent): string | undefined {
  switch (event.kind) {
    case "found":
    case "installing":
      return undefined;
    case "missing":
      return `${event.part}: ${event.found ? `not fit (${event.found})` : "missing"}`;
    case "line":
      return `${event.part}: ${event.text.replace(/^windlass: /, "")}`;
    case "installed":
      return `${event.part}: installed ${event.found} in ${event.seconds.toFixed(0)} s`;
  }
}
