import { randomUUID } from "node:crypto";
import type { Backend } from "../../local/cloud/backend.ts";
import { createDockerBackend } from "../../local/cloud/backends/docker/backend.ts";
import { dropletSpec } from "./backend-fixture.ts";

process.env.TEST_VOLUME ??= randomUUID();
/** Volumes of the life below: one formatted, one from its snapshot; a process that a test starts has the same. */
export const volumes = { data: process.env.TEST_VOLUME, copy: `${process.env.TEST_VOLUME}-copy` };

/** Everything a backend can be asked to make, in the order a cloud would. */
export async function raise(backend: Backend, publicKey: string): Promise<{ publicIp: string }> {
  await backend.prepare(() => {});
  const { vpcId, vpcRange } = dropletSpec(1);
  await backend.ensureVpc({ id: vpcId, range: vpcRange });
  const spec = dropletSpec(1, { authorizedKeys: [publicKey], image: { gpu: false, docker: true } });
  const { publicIp } = await backend.ensureDroplet(spec);
  await backend.ensureVolume({ id: volumes.data, name: "data", sizeGiB: 500, filesystem: "ext4" });
  await backend.attachVolume(volumes.data, "data", 1);
  const inbound = [{ protocol: "tcp" as const, ports: "22", cidrs: ["127.0.0.1/32"] }];
  await backend.setFirewall(1, { inbound, outbound: [] });
  await backend.snapshotVolume(volumes.data, "first");
  await backend.snapshotDroplet(1, 10);
  await backend.ensureVolume({ id: volumes.copy, name: "copy", sizeGiB: 500, snapshotId: "first" });
  await backend.ensureDroplet({ ...spec, id: 2, image: { ...spec.image, snapshotId: 10 } });
  await backend.attachVolume(volumes.copy, "copy", 2);
  await backend.assignReservedIp("198.18.0.200", null);
  return { publicIp };
}

/** Takes all of it away again but the first droplet with its volume. */
export async function lower(backend: Backend): Promise<void> {
  await backend.prepare(() => {});
  await backend.detachVolume(volumes.copy, "copy", 2);
  await backend.removeDroplet(2);
  await backend.removeVolume(volumes.copy);
  await backend.removeDropletSnapshot(10);
  await backend.removeVolumeSnapshot("first");
  await backend.releaseReservedIp("198.18.0.200");
}

// Run as a program, to be killed: node backend-life.ts raise|lower DATA_DIR PUBLIC_KEY
if (process.argv[1] === import.meta.filename) {
  const [, , what, dataDir = "", publicKey = ""] = process.argv;
  const backend = createDockerBackend({ dataDir, log: () => {} });
  await (what === "raise" ? raise(backend, publicKey) : lower(backend));
  process.stdout.write("done\n");
}
