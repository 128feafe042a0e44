import { container } from "./container/container.ts";
import { image } from "./image/image.ts";
import { registryImage } from "./image/registry-image.ts";
import { remoteImage } from "./image/remote-image.ts";
import { tag } from "./image/tag.ts";
import { network } from "./network.ts";
import type { DockerType } from "./type.ts";
import { volume } from "./volume.ts";

/** The resource types that are bundled, by token. */
export const TYPES: ReadonlyMap<string, DockerType> = new Map(
  [container, image, network, registryImage, remoteImage, tag, volume].map((type) => [type.token, type]),
);
