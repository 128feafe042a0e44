import { asking } from "../../clients/docker/engine.ts";
import { UserError } from "../../domain/errors.ts";
import { readRecord } from "../services/record.ts";
import { servicesUp } from "../services/up.ts";
import type { Member } from "./members.ts";
import type { Place } from "./place.ts";

/**
 * Makes containers anew from the files that the stack was brought up with; named volumes stay. Whether the files and the variables that they want
 * are all there is tried first, and nothing is removed where they are not. Throws `UserError` as `services up` does.
 */
export async function recreate({ stack, home, docker, address }: Place, members: readonly Member[]): Promise<string> {
  if (stack === null || !readRecord(home, stack))
    throw new UserError("CommandFailed", {
      reason: `${stack} was not brought up from here, so its files are not known`,
      suggestion: "where it was: docker compose up --force-recreate",
    });
  await servicesUp({ files: [stack], home, dryRun: true });
  for (const { id, service } of members)
    await asking(address, `remove ${service}`, () => docker.getContainer(id).remove({ force: true }));
  const { services } = await servicesUp({ files: [stack], home });
  const names = members.map(({ service }) => service);
  return services
    .filter(({ name }) => names.includes(name))
    .map(({ container, state, health }) => `${container}: ${state}${health ? ` (${health})` : ""}`)
    .join("\n");
}
