/** A thin typed client of DigitalOcean's API: only the calls that the runner makes. */
import { type ClientOptions, createTransport } from "./client.ts";
import type * as api from "./types.ts";

export type { ClientOptions } from "./client.ts";
export { ApiError } from "./errors.ts";
export type * from "./types.ts";

export type DigitalOcean = ReturnType<typeof digitalOcean>;

/** What a tag can be put on. */
export type TaggableType = "droplet" | "image" | "volume" | "volume_snapshot";

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
    /** The invoices of the months that are over, and the preview of this month's. */
    invoices: () =>
      http.get<{ invoices: api.Invoice[]; invoice_preview: api.Invoice }>("/v2/customers/my/invoices", {
        per_page: 200,
      }),
    invoiceItems: (uuid: string) => all<api.InvoiceItem>(`/v2/customers/my/invoices/${uuid}`, "invoice_items"),
    /** Daily charges from one date (`2026-11-01`) to another, both included, 31 days at most; `urn` is `do:team:<uuid>`. */
    billingInsights: async (urn: string, start: string, end: string) => {
      const points: api.BillingDataPoint[] = [];
      for (let page = 1; ; page++) {
        const answer = await http.get<{ data_points: api.BillingDataPoint[]; total_pages: number }>(
          `/v2/billing/${urn}/insights/${start}/${end}`,
          { page, per_page: 200 },
        );
        points.push(...answer.data_points);
        if (page >= answer.total_pages) return points;
      }
    },
    /** Readings of a droplet's agent between two times in seconds since 1970; none where it runs none. There is no metric of GPUs. */
    dropletMetric: async (
      id: number,
      metric: "cpu" | "memory_total" | "memory_available",
      range: { start: number; end: number },
    ) => {
      const path = `/v2/monitoring/metrics/droplet/${metric}`;
      const answer = await http.get<{ data: { result: api.MetricSeries[] } }>(path, { host_id: id, ...range });
      return answer.data.result;
    },
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
    /** Begins `shutdown`, `power_off`, `power_on` or `snapshot`; answers with the action to wait for. */
    dropletAction: async (id: number, action: { type: string; name?: string }) =>
      (await http.post<{ action: api.Action }>(`/v2/droplets/${id}/actions`, action)).action,
    deleteDroplet: (id: number) => http.delete(`/v2/droplets/${id}`),
    dropletActions: (id: number) => all<api.Action>(`/v2/droplets/${id}/actions`, "actions"),
    action: async (id: number) => (await http.get<{ action: api.Action }>(`/v2/actions/${id}`)).action,

    volumes: (filter: { name?: string; region?: string } = {}) => all<api.Volume>("/v2/volumes", "volumes", filter),
    volume: async (id: string) => (await http.get<{ volume: api.Volume }>(`/v2/volumes/${id}`)).volume,
    deleteVolume: (id: string) => http.delete(`/v2/volumes/${id}`),
    volumeActions: (id: string) => all<api.Action>(`/v2/volumes/${id}/actions`, "actions"),
    /** `snapshot_id` makes it with the data of a snapshot, in the snapshot's region. */
    createVolume: async (volume: {
      name: string;
      region: string;
      size_gigabytes: number;
      snapshot_id?: string;
      tags?: string[];
    }) => (await http.post<{ volume: api.Volume }>("/v2/volumes", volume)).volume,
    /** Ready when it answers; at most one for each volume and ten minutes. */
    snapshotVolume: async (id: string, snapshot: { name: string; tags?: string[] }) =>
      (await http.post<{ snapshot: api.Snapshot }>(`/v2/volumes/${id}/snapshots`, snapshot)).snapshot,
    detachVolume: async (id: string, dropletId: number, region: string) =>
      (
        await http.post<{ action: api.Action }>(`/v2/volumes/${id}/actions`, {
          type: "detach",
          droplet_id: dropletId,
          region,
        })
      ).action,

    vpcs: () => all<api.Vpc>("/v2/vpcs", "vpcs"),
    firewalls: () => all<api.Firewall>("/v2/firewalls", "firewalls"),
    deleteFirewall: (id: string) => http.delete(`/v2/firewalls/${id}`),
    /** Throws `ApiError` 422 where the account has that public key already. */
    createSshKey: async (key: { name: string; public_key: string }) =>
      (await http.post<{ ssh_key: api.SshKey }>("/v2/account/keys", key)).ssh_key,
    /** By id or by fingerprint (MD5, in pairs). */
    sshKey: async (key: number | string) =>
      (await http.get<{ ssh_key: api.SshKey }>(`/v2/account/keys/${key}`)).ssh_key,
    renameSshKey: async (id: number, name: string) =>
      (await http.put<{ ssh_key: api.SshKey }>(`/v2/account/keys/${id}`, { name })).ssh_key,
    deleteSshKey: (id: number) => http.delete(`/v2/account/keys/${id}`),
    sshKeys: () => all<api.SshKey>("/v2/account/keys", "ssh_keys"),
    snapshots: (kind?: "droplet" | "volume") =>
      all<api.Snapshot>("/v2/snapshots", "snapshots", { resource_type: kind }),
    snapshot: async (id: string) => (await http.get<{ snapshot: api.Snapshot }>(`/v2/snapshots/${id}`)).snapshot,
    deleteSnapshot: (id: string) => http.delete(`/v2/snapshots/${id}`),
    /** Copies an image (a droplet's snapshot too) to another region. */
    transferImage: async (id: number, region: string) =>
      (await http.post<{ action: api.Action }>(`/v2/images/${id}/actions`, { type: "transfer", region })).action,
    deleteReservedIp: (ip: string) => http.delete(`/v2/reserved_ips/${ip}`),
    reservedIps: () => all<api.ReservedIp>("/v2/reserved_ips", "reserved_ips"),
    tags: () => all<api.Tag>("/v2/tags", "tags"),
    /** Makes a tag; one that is there stays as it is. */
    createTag: async (name: string) => (await http.post<{ tag: api.Tag }>("/v2/tags", { name })).tag,
    deleteTag: (name: string) => http.delete(`/v2/tags/${encodeURIComponent(name)}`),
    /** Snapshots of droplets are of type `image`, those of volumes `volume_snapshot`. */
    tagResource: (name: string, resource: { resource_id: string; resource_type: TaggableType }) =>
      http.post<void>(`/v2/tags/${encodeURIComponent(name)}/resources`, { resources: [resource] }),
  };
}
