import type { CloudState } from "../cloud.ts";
import type { Route } from "../wire.ts";

/** What an account may have at most; a request for more is refused with 422 (403 for volumes). */
export interface Limits {
  droplets: number;
  volumes: number;
  reservedIps: number;
}

/** The defaults of a usual account. Sources: the API description's example (25 droplets), Volumes Limits, Reserved IP Limits (3). */
export const DEFAULT_LIMITS: Limits = { droplets: 25, volumes: 100, reservedIps: 3 };

export const ACCOUNT_UUID = "b6fc0ae7d6d9156cace5f3c78dc9851d957381ef";
export const TEAM_UUID = "5df3e3004a17e242b7c20ca6c9fc25b701a47ece";

export function limitsOf({ store }: CloudState): Limits {
  return store.meta<Limits>("limits") ?? DEFAULT_LIMITS;
}

/** `GET /v2/account`. */
export function accountRoutes(cloud: CloudState): Route[] {
  return [
    {
      method: "GET",
      path: "/v2/account",
      status: 200,
      handle: () => {
        const limits = limitsOf(cloud);
        return {
          account: {
            droplet_limit: limits.droplets,
            floating_ip_limit: limits.reservedIps,
            reserved_ip_limit: limits.reservedIps,
            volume_limit: limits.volumes,
            email: "local@windlass.invalid",
            name: "Local Cloud",
            uuid: ACCOUNT_UUID,
            email_verified: true,
            status: "active",
            status_message: "",
            team: { uuid: TEAM_UUID, name: "Local Team" },
          },
        };
      },
    },
  ];
}
