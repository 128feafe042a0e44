import type { Account, Json } from "./account.ts";

/**
 * Watches every call of our processes before the cloud does it, and knows which droplets and volumes hold the data of the node: so that a
 * loss is seen in the moment in which it happens, and not only where something is missing in the end.
 */
export class Witness {
  /** What was done that must never be done. */
  readonly violations: string[] = [];
  /** Requests that change something, since `changes` was set to 0; leases are not counted. */
  changes = 0;
  readonly #account: Account;
  /** Ids of the droplets and volumes that are the node's, one after the other. */
  readonly #droplets = new Set<string>();
  readonly #volumes = new Set<string>();
  #settled = false;

  constructor(account: Account) {
    this.#account = account;
  }

  /** From now on the node's data are on these. */
  settle(droplet: string, volume: string): void {
    this.#settled = true;
    this.#droplets.add(droplet);
    this.#volumes.add(volume);
  }

  /** Other volumes whose data must not be lost either. */
  guard(volume: string): void {
    this.#volumes.add(volume);
  }

  async before(method: string, url: URL, body: unknown): Promise<void> {
    const path = url.pathname;
    if (method !== "GET" && !path.startsWith("/v2/account/keys")) this.changes++;
    if (!this.#settled) return;
    const droplet = /^\/v2\/droplets\/(\d+)$/.exec(path)?.[1];
    const volume = /^\/v2\/volumes\/([0-9a-f-]+)$/.exec(path)?.[1];
    const snapshot = /^\/v2\/snapshots\/(\S+)$/.exec(path)?.[1];
    if (method === "DELETE" && droplet) await this.#beforeDestroy(droplet);
    if (method === "DELETE" && volume) await this.#beforeVolumeDelete(volume);
    if (method === "DELETE" && snapshot) await this.#beforeSnapshotDelete(snapshot);
    if (method !== "POST") return;
    const given = typeof body === "string" ? (JSON.parse(body) as Json) : {};
    if (path === "/v2/droplets") await this.#beforeCreate(given);
    if (path === "/v2/volumes") await this.#beforeVolumeCreate(given);
  }

  after(method: string, { pathname }: URL, status: number, text: string): void {
    if (!this.#settled || method !== "POST" || status >= 300) return;
    if (pathname === "/v2/droplets") this.#droplets.add(String(JSON.parse(text).droplet.id));
    if (pathname === "/v2/volumes") this.#volumes.add(JSON.parse(text).volume.id);
  }

  /** A droplet may go when it is in a snapshot, or while it is being resumed out of one. */
  async #beforeDestroy(id: string): Promise<void> {
    const there = await this.#account.call("GET", `/v2/droplets/${id}`);
    if (!there) return;
    const snapshots = await this.#snapshots();
    if (snapshots.some((one) => one.resource_id === id && one.size_gigabytes > 0)) return;
    const tags = (await this.#account.call("GET", "/v2/tags?per_page=200")).tags as { name: string }[];
    const images = tags.map(({ name }) => /^windlass-resuming:/.test(name) && name.split(":")[5]);
    if (!snapshots.some((one) => images.includes(one.id) && this.#droplets.has(one.resource_id)))
      this.violations.push(`droplet ${id} was destroyed before a snapshot of it was there`);
  }

  /** A volume may go when its newest state is in a snapshot: one that is younger than its last detachment. */
  async #beforeVolumeDelete(id: string): Promise<void> {
    const volume = (await this.#account.call("GET", `/v2/volumes/${id}`))?.volume;
    if (!volume || volume.droplet_ids?.length > 0) return;
    const { actions } = await this.#account.call("GET", `/v2/volumes/${id}/actions?per_page=200`);
    const ends = (actions as Json[]).map(({ completed_at }) => Date.parse(completed_at ?? "") || 0);
    const last = Math.max(0, ...ends);
    const archives = (await this.#snapshots()).filter((one) => one.resource_id === id);
    if (!archives.some(({ created_at }) => Date.parse(created_at) >= last))
      this.violations.push(`volume ${volume.name} was deleted before its newest state was in a snapshot`);
  }

  /** The last copy of anything must stay. */
  async #beforeSnapshotDelete(id: string): Promise<void> {
    const snapshots = await this.#snapshots();
    const going = snapshots.find((one) => one.id === id);
    if (!going) return;
    const source = going.resource_type === "volume" ? "volumes" : "droplets";
    const there = await this.#account.call("GET", `/v2/${source}/${going.resource_id}`);
    const copies = snapshots.filter((one) => one.resource_type === going.resource_type && one.id !== id);
    const newer = copies.some(({ created_at }) => Date.parse(created_at) >= Date.parse(going.created_at));
    if (!there && !newer) this.violations.push(`snapshot ${going.name}, the newest of what is gone, was deleted`);
  }

  /** A droplet comes out of the newest snapshot of the node's root disk, never out of an empty image. */
  async #beforeCreate({ image }: Json): Promise<void> {
    const stops = (await this.#snapshots()).filter(({ name }) => name.startsWith("windlass-stop-"));
    const newest = stops.sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))[0];
    const used = stops.find(({ id }) => id === String(image));
    if (!used || used.name !== newest?.name || !this.#droplets.has(used.resource_id))
      this.violations.push(`a droplet was made from ${image}, the newest stop is ${newest?.name} (${newest?.id})`);
  }

  /** A volume comes out of the newest archive of the node's volume, never empty. */
  async #beforeVolumeCreate({ snapshot_id }: Json): Promise<void> {
    const archives = (await this.#snapshots()).filter((one) => this.#volumes.has(one.resource_id));
    if (!archives.some(({ id }) => id === snapshot_id))
      this.violations.push("an empty volume was made in place of data");
  }

  async #snapshots(): Promise<Json[]> {
    return (await this.#account.call("GET", "/v2/snapshots?per_page=200")).snapshots;
  }
}
