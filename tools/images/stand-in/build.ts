import { buildGoProgram } from "../../go-program.ts";

/** The program that runs in place of a service whose image cannot be had (a second to build). */
export function buildStandIn(): Promise<string> {
  return buildGoProgram({
    name: "stand-in",
    purpose: "what runs in place of services in tests",
    folder: "images/stand-in",
    main: ".",
    go: "1.25",
  });
}
