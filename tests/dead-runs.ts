import { join } from "node:path";
import Docker from "dockerode";
import { cloudsOnEngine, removeCloudAt } from "../local/cloud/backends/docker/clouds.ts";
import { removeContainer, unless } from "../local/cloud/backends/docker/engine.ts";
import { thisHost } from "../runner/toolchain/host.ts";
import { withLock } from "../runner/toolchain/lock.ts";
import { isOfDeadRun } from "../tools/test/run-mark.ts";

/** Before a suite: what a killed run has left in the Docker engine would be in the way. Nothing to do where no engine answers. */
export default async function removeDeadRuns(): Promise<void> {
  const docker = new Docker();
  if (!(await docker.ping().catch(() => undefined))) return;
  // One run at a time: who takes a cloud's disks away from under another leaves them half released.
  await withLock(
    join(thisHost().cache, "dead-runs.lock"),
    () => {},
    () => remove(docker),
  );
}

async function remove(docker: Docker): Promise<void> {
  for (const { folder } of await cloudsOnEngine(docker)) if (dead(folder)) await removeCloudAt(docker, folder);

  for (const { Id, Names, Labels } of await docker.listContainers({ all: true }))
    if (dead(...Names, ...Object.keys(Labels))) await removeContainer(docker, Id);
  for (const { Id, Name } of await docker.listNetworks())
    if (dead(Name)) await unless([403, 404], docker.getNetwork(Id).remove());
  for (const { Name } of (await docker.listVolumes()).Volumes ?? [])
    if (dead(Name)) await unless([404, 409], docker.getVolume(Name).remove());
  for (const { Id, RepoTags, RepoDigests, Labels } of await docker.listImages()) {
    const names = [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((name) => dead(name));
    // By its names: a living run may have given it one too.
    for (const name of names) await unless([404, 409], docker.getImage(name).remove({ force: true }));
    if (names.length === 0 && dead(...Object.keys(Labels ?? {})))
      await unless([404, 409], docker.getImage(Id).remove({ force: true }));
  }
}

function dead(...texts: string[]): boolean {
  return texts.some(isOfDeadRun);
}
