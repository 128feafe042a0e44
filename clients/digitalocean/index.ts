/** A thin typed client of DigitalOcean's API: only the calls that the runner makes. */
import { type ClientOptions, createTransport } from "./client.ts";
import type * as api from "./types.ts";

export type { ClientOptions } from "./client.ts";
export { ApiError } from "./errors.ts";
export type * from "./types.ts";

export type DigitalOcean = ReturnType<typeof digitalOcean>;

/** Lists come whole (all pages); calls throw `ApiError`. */
export function digitalOcean(options: ClientOptions) {
  const http = createTransport(options);
  const all = async <T>(path: string, key: string, query?: Record<string, string | undefined>) => {
    const items: T[] = [];
    for await (const item of http.list<T>(path, key, query)) items.push(item);
    return items;
  };

  return {
    account: async () => (await http.get<{ account: api.Account }>("/v2/account")).account,
    balance: () => http.get<api.Balance>("/v2/customers/my/balance"),
    sizes: () => all<api.Size>("/v2/sizes", "sizes"),
    regions: () => all<api.Region>("/v2/regions", "regions"),
    /** By id or by slug. */
    image: async (image: string | number) =>
      (await http.get<{ image: api.Image }>(`/v2/images/${encodeURIComponent(image)}`)).image,

    /**
     * GPU droplets and the others, in one list. The API leaves GPU droplets out of the plain list and does not filter them
     * by tag, so both kinds are asked for and the tag is looked at here.
     */
    droplets: async (filter: { name?: string; tag?: string } = {}) => {
      const [gpu, plain] = await Promise.all([
        all<api.Droplet>("/v2/droplets", "droplets", { type: "gpus" }),
        all<api.Droplet>("/v2/droplets", "droplets", { type: "droplets" }),
      ]);
      const { name, tag } = filter;
      const byId = new Map([...gpu, ...plain].map((droplet) => [droplet.id, droplet]));
      return [...byId.values()].filter((d) => (!name || d.name === name) && (!tag || d.tags.includes(tag)));
    },
    droplet: async (id: number) => (await http.get<{ droplet: api.Droplet }>(`/v2/droplets/${id}`)).droplet,
    deleteDroplet: (id: number) => http.delete(`/v2/droplets/${id}`),
    dropletActions: (id: number) => all<api.Action>(`/v2/droplets/${id}/actions`, "actions"),
    action: async (id: number) => (await http.get<{ action: api.Action }>(`/v2/actions/${id}`)).action,

    volumes: (filter: { name?: string; region?: string } = {}) => all<api.Volume>("/v2/volumes", "volumes", filter),
    volume: async (id: string) => (await http.get<{ volume: api.Volume }>(`/v2/volumes/${id}`)).volume,
    deleteVolume: (id: string) => http.delete(`/v2/volumes/${id}`),

    vpcs: () => all<api.Vpc>("/v2/vpcs", "vpcs"),
    firewalls: () => all<api.Firewall>("/v2/firewalls", "firewalls"),
    deleteFirewall: (id: string) => http.delete(`/v2/firewalls/${id}`),
    sshKeys: () => all<api.SshKey>("/v2/account/keys", "ssh_keys"),
    snapshots: (kind?: "droplet" | "volume") =>
      all<api.Snapshot>("/v2/snapshots", "snapshots", { resource_type: kind }),
    reservedIps: () => all<api.ReservedIp>("/v2/reserved_ips", "reserved_ips"),
    tags: () => all<api.Tag>("/v2/tags", "tags"),
  };
}
