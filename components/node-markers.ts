import * as digitalocean from "@pulumi/digitalocean";
import { markerPattern, type NodeMarkers, type NodeOwner, readMarkers } from "../domain/node-marker.ts";

/** What the cloud remembers of a node, read in previews as well: a stopped node stays stopped for whoever declares its stack. */
export async function lookUpMarkers(owner: NodeOwner): Promise<NodeMarkers> {
  const filters = [{ key: "name", values: [markerPattern(owner)], matchBy: "re" }];
  const { tags } = await digitalocean.getTags({ filters });
  return readMarkers(
    owner,
    tags.map(({ name }) => name),
  );
}
