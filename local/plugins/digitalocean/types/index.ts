import type { RestType } from "../../rest/type.ts";
import { reservedIpAssignment, volumeAttachment } from "./attachments.ts";
import { droplet } from "./droplet.ts";
import { firewall } from "./firewall.ts";
import { project, projectResources } from "./project.ts";
import { reservedIp } from "./reserved-ip.ts";
import { dropletSnapshot, volumeSnapshot } from "./snapshots.ts";
import { sshKey } from "./ssh-key.ts";
import { tag } from "./tag.ts";
import { volume } from "./volume.ts";
import { vpc } from "./vpc.ts";

/** The resource types of the bundled digitalocean plugin, by token. */
export const TYPES: ReadonlyMap<string, RestType> = new Map(
  [
    droplet,
    dropletSnapshot,
    firewall,
    project,
    projectResources,
    reservedIp,
    reservedIpAssignment,
    sshKey,
    tag,
    volume,
    volumeAttachment,
    volumeSnapshot,
    vpc,
  ].map((type) => [type.token, type]),
);
