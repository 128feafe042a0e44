import { expect, test } from "vitest";
import type { Volume } from "../clients/digitalocean/index.ts";
import { hasVanished } from "./drift.ts";

const attachment = {
  urn: "urn:pulumi:prod::windlass::digitalocean:index/volumeAttachment:VolumeAttachment::node-attachment",
  type: "digitalocean:index/volumeAttachment:VolumeAttachment",
  ...{ custom: true, id: "7-v1", inputs: { dropletId: 7, volumeId: "v1" } },
};

test.each([
  [[7], false],
  [[], true],
  [null, true],
  [[8], true],
])("an attachment whose volume hangs on %j has vanished: %s", (droplet_ids, vanished) => {
  const volumes = [{ id: "v1", droplet_ids } as Volume];
  expect(hasVanished({ resources: [attachment] }, { droplets: [], volumes }, {})).toBe(vanished);
});
