import { randomUUID } from "node:crypto";
import type { CloudState } from "../cloud/cloud.ts";
import type { ControlRoute } from "../cloud/control/routes.ts";
import { ApiError, notFound } from "../cloud/wire.ts";
import { now } from "./zones.ts";

/** `PUT /_windlass/tunnels/ID/connections` with `{"count": 4}`: as if a connector held so many connections. */
export function cloudflareControlRoutes({ store, clock }: CloudState): ControlRoute[] {
  return [
    {
      method: "PUT",
      path: "/tunnels/:id/connections",
      handle: ({ params, body }) => {
        const tunnel = store.tunnels.get(params["id"] ?? "");
        if (!tunnel || tunnel.deletedAt) throw notFound();
        const count = Number(body["count"]);
        if (!Number.isInteger(count) || count < 0) throw new ApiError(422, "count: a whole number is needed");
        const clientId = randomUUID();
        tunnel.connections = Array.from({ length: count }, () => ({
          id: randomUUID(),
          clientId,
          clientVersion: "2025.11.1",
          originIp: "192.0.2.10",
          openedAt: now(clock.now()),
        }));
        store.tunnels.put(tunnel);
        return { count };
      },
    },
  ];
}
