import type { DigitalOcean } from "../../clients/digitalocean/index.ts";
import {
  type Marker,
  type MarkerKind,
  markerTag,
  markerTags,
  type NodeMarkers,
  type NodeOwner,
  readMarkers,
} from "../../domain/node-marker.ts";

/** What the cloud remembers of the node now. */
export async function nodeMarkers(cloud: DigitalOcean, owner: NodeOwner): Promise<NodeMarkers> {
  return readMarkers(owner, await tagNames(cloud));
}

/** Makes the marker, then takes away older ones of its kind (notices stand side by side): at no moment is there none. */
export async function placeMarker(cloud: DigitalOcean, owner: NodeOwner, marker: Marker): Promise<void> {
  const tag = markerTag(owner, marker);
  await cloud.createTag(tag);
  if (marker.kind === "notice") return;
  const others = markerTags(owner, await tagNames(cloud), marker.kind).filter((name) => name !== tag);
  await removeTags(cloud, others);
}

/** Takes away all markers of these kinds; those that are gone already are fine. */
export async function removeMarkers(cloud: DigitalOcean, owner: NodeOwner, ...kinds: MarkerKind[]): Promise<void> {
  await removeTags(cloud, markerTags(owner, await tagNames(cloud), ...kinds));
}

async function removeTags(cloud: DigitalOcean, tags: readonly string[]): Promise<void> {
  for (const tag of tags) {
    await cloud.deleteTag(tag).catch((error: { status?: number }) => {
      if (error.status !== 404) throw error;
    });
  }
}

async function tagNames(cloud: DigitalOcean): Promise<string[]> {
  return (await cloud.tags()).map(({ name }) => name);
}
