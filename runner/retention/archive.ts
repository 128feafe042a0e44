import type { DigitalOcean, Snapshot, Volume } from "../../clients/digitalocean/index.ts";
import { UserError } from "../../domain/errors.ts";
import type { NodeOwner } from "../../domain/node-marker.ts";
import { isOwned, ownershipTags, VOLUME_TAG } from "../../domain/tags.ts";

/** Name of the snapshot that a volume is archived in: it is found by it after a kill. */
export function archiveName(volume: string, operation: string): string {
  return `windlass-archive-${volume}-${operation}`;
}

/** When each was detached last; a volume whose droplet was destroyed with it attached has no such action, and is not in the answer. */
export async function detachments(cloud: DigitalOcean, volumes: readonly Volume[]): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const { id } of volumes) {
    const ended = ((await orGone(cloud.volumeActions(id))) ?? [])
      .filter(({ status, completed_at, type }) => status === "completed" && completed_at && /attach|detach/.test(type))
      .sort((a, b) => Date.parse(b.completed_at ?? "") - Date.parse(a.completed_at ?? "") || b.id - a.id);
    if (ended[0] && /detach/.test(ended[0].type)) times.set(id, Date.parse(ended[0].completed_at ?? ""));
  }
  return times;
}

/**
 * The volume's snapshot of that name, made if it is not there, tagged and verified. One taken before `since` (milliseconds since 1970), when
 * the volume was last detached, is not it: the volume may have been written to afterwards. Throws `PrecheckFailed` where the volume is attached (what
 * is written after the snapshot would be lost) and `CommandFailed` where the snapshot does not turn out as it must be.
 */
export async function ensureArchive(
  cloud: DigitalOcean,
  owner: NodeOwner,
  volume: Volume,
  name: string,
  since: number | undefined,
): Promise<Snapshot> {
  refuseAttached(await cloud.volume(volume.id));
  const tags = [...ownershipTags(owner), VOLUME_TAG + volume.name];
  const found = (await findArchive(cloud, volume, name, since)) ?? (await take(cloud, volume, { name, tags }, since));
  for (const tag of tags.filter((one) => !found.tags?.includes(one))) {
    await cloud.createTag(tag);
    await cloud.tagResource(tag, { resource_id: found.id, resource_type: "volume_snapshot" });
  }
  return verifyArchive(cloud, owner, volume, found.id);
}

/** Reads the snapshot back out of the account's list. */
export async function verifyArchive(
  cloud: DigitalOcean,
  owner: NodeOwner,
  volume: Pick<Volume, "id" | "name" | "region">,
  id: string,
): Promise<Snapshot> {
  const listed = (await cloud.snapshots("volume")).find((one) => one.id === id);
  const wrong =
    (!listed && "it is not in the account's list") ||
    (listed?.resource_id !== volume.id && `it is of volume ${listed?.resource_id}`) ||
    (!listed?.regions.includes(volume.region.slug) && `it is not in region ${volume.region.slug}`) ||
    (!isOwned(listed?.tags ?? [], owner) && "its tags are missing") ||
    (!(Number(listed?.size_gigabytes) >= 0) && `its size is ${listed?.size_gigabytes} GiB`);
  if (listed && !wrong) return listed;
  throw new UserError("CommandFailed", {
    reason: `snapshot ${id} of volume ${volume.name} cannot be relied on: ${wrong}`,
    suggestion: "the volume stays as it is; run the command again",
    volume_id: volume.id,
    snapshot_id: id,
  });
}

/** Deletes a volume of which a verified archive is there; one that is gone already is fine. */
export async function deleteArchivedVolume(
  cloud: DigitalOcean,
  owner: NodeOwner,
  volume: Pick<Volume, "id" | "name" | "region">,
  archive: string,
): Promise<void> {
  await verifyArchive(cloud, owner, volume, archive);
  const there = await orGone(cloud.volume(volume.id));
  if (!there) return;
  refuseAttached(there);
  await orGone(cloud.deleteVolume(volume.id));
}

/** The answer, or undefined where the API says that there is no such thing. */
export async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: { status?: number }) => {
    if (error.status !== 404) throw error;
    return undefined;
  });
}

async function findArchive(
  cloud: DigitalOcean,
  { id }: Volume,
  name: string,
  since = 0,
): Promise<Snapshot | undefined> {
  const named = (await cloud.snapshots("volume")).filter((one) => one.name === name && one.resource_id === id);
  return named.find(({ created_at }) => Date.parse(created_at) >= since);
}

/** At most once: after an answer that does not say whether the snapshot was taken, it is looked for. */
async function take(
  cloud: DigitalOcean,
  volume: Volume,
  snapshot: { name: string; tags: string[] },
  since: number | undefined,
): Promise<Snapshot> {
  try {
    return await cloud.snapshotVolume(volume.id, snapshot);
  } catch (error) {
    const made = await findArchive(cloud, volume, snapshot.name, since);
    if (made) return made;
    throw error;
  }
}

function refuseAttached({ id, name, droplet_ids }: Volume): void {
  const [droplet] = droplet_ids ?? [];
  if (droplet === undefined) return;
  throw new UserError("PrecheckFailed", {
    reason: `volume ${name} (${id}) is attached to droplet ${droplet}`,
    suggestion: "an archive is taken of a detached volume only; stop the node first, or detach the volume",
    volume_id: id,
    droplet_id: droplet,
  });
}
