import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { DropletImages } from "../../local/cloud/backends/docker/image.ts";
import { thisHost } from "../../runner/toolchain/host.ts";
import { withLock } from "../../runner/toolchain/lock.ts";

/** Before the suite: the images of droplets, which files that begin side by side would each build, a minute long. What fails is told by the tests. */
export default async function dropletImages(): Promise<void> {
  const images = new DropletImages(new Docker(), tmpdir());
  await withLock(
    join(thisHost().cache, "droplet-images.lock"),
    () => {},
    () => images.ensure(() => {}).catch(() => {}),
  );
}
