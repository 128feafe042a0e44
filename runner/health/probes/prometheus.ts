import { z } from "zod";
import { baseOf, endpointOf } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";
import { get, json } from "./get.ts";

const answer = z.object({
  status: z.literal("success"),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Names of what is down that are told. */
const MOST_NAMES = 5;

/** It is ready (`/-/ready`) and answers queries; everything that it scrapes answers (`up` is 1). */
export const prometheus: Probe = async ({ name, address }, { deadline }) => {
  const url = baseOf(address);
  const ready = await get(`${url}/-/ready`, deadline);
  const query = await get(`${url}/api/v1/query?query=up`, deadline);
  const found = answer.safeParse(json(query.body)).data?.data.result;
  const down = (found ?? []).filter(({ value }) => value[1] !== "1");
  const names = down.slice(0, MOST_NAMES).map(({ metric }) => metric.instance ?? metric.job ?? "?");
  const more = down.length > MOST_NAMES ? ` and ${down.length - MOST_NAMES} more` : "";
  const reason =
    ready.status !== 200
      ? `not ready: status ${ready.status}`
      : found === undefined
        ? `the query up: status ${query.status}`
        : down.length > 0
          ? `down: ${names.join(", ")}${more}`
          : undefined;
  return [
    {
      service: name,
      endpoint: endpointOf(address),
      required: { ready: ready.status === 200, query_ok: found !== undefined },
      desired: { ...(found === undefined ? {} : { targets_up: down.length === 0 }) },
      metrics: found === undefined ? {} : { targets_up: found.length - down.length, targets_down: down.length },
      reason,
    },
  ];
};
