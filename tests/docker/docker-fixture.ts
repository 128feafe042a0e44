import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { isIPv4 } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { overlap, parseRange } from "../../local/cloud/backends/docker/addresses.ts";
import { removeContainer, unless } from "../../local/cloud/backends/docker/engine.ts";
import { tar } from "../../local/plugins/docker/tar.ts";
import { thisHost } from "../../runner/toolchain/host.ts";
import { withLock } from "../../runner/toolchain/lock.ts";
import { markOf } from "../../tools/test/run-mark.ts";

/** What a test makes on the engine carries this in its name, and is removed by it; no other process has the same. */
export const PREFIX = markOf(process.pid);

/** An image with nothing but busybox; no registry is needed for it. */
export const BUSYBOX = `${PREFIX}/busybox:1`;

export const docker = new Docker({ socketPath: "/var/run/docker.sock" });

/** Makes the image from the static busybox of Debian, brought by apt. */
export async function makeBusyboxImage(): Promise<void> {
  // One at a time: apt refuses to bring its lists for two at once.
  const content = await withLock(
    join(thisHost().cache, "busybox.lock"),
    () => {},
    async () => busybox(),
  );
  const files = [
    { path: "bin", kind: "folder" as const },
    { path: "tmp", kind: "folder" as const, mode: 0o1777 },
    { path: "bin/busybox", kind: "file" as const, content, mode: 0o755 },
    ...["sh", "sleep", "cat", "echo", "true", "false", "httpd", "nc", "ls", "wget", "touch", "test", "printenv"].map(
      (name) => ({
        path: `bin/${name}`,
        kind: "link" as const,
        target: "busybox",
      }),
    ),
  ];
  const [repo, tag] = BUSYBOX.split(":");
  const stream = await docker.importImage(
    tar(files) as never,
    { repo, tag, changes: ["ENV PATH=/bin", 'CMD ["sh"]'] } as never,
  );
  await new Promise((done, fail) =>
    docker.modem.followProgress(stream as never, (error) => (error ? fail(error) : done(undefined))),
  );
}

/** Debian's static busybox; brought once for all files of a run, which share its temporary folder. */
function busybox(): Buffer {
  const kept = join(tmpdir(), "busybox-static");
  if (existsSync(kept)) return readFileSync(kept);
  const folder = mkdtempSync(join(tmpdir(), "windlass-busybox-"));
  try {
    const script =
      'get="apt-get -qq -o Acquire::Retries=5"; $get download busybox-static || { $get update && $get download busybox-static; }';
    const options = { cwd: folder, encoding: "utf8" as const };
    const brought = spawnSync("sh", ["-c", `${script}\ndpkg-deb -x busybox-static_*.deb root`], options);
    if (brought.status !== 0) throw new Error(`busybox-static could not be brought: ${brought.stderr}`);
    renameSync(join(folder, "root/bin/busybox"), kept);
    return readFileSync(kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A /20 that no network of the engine and no address of this machine has, for a VPC; which one is left to chance, so that tests side by side
 * differ. Not from 10.100.0.0 on, where a cloud's own default VPCs lie.
 */
export async function freeRange(): Promise<string> {
  const networks = (await docker.listNetworks()).flatMap(({ IPAM }) => IPAM?.Config ?? []);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const taken = [...networks.map(({ Subnet = "" }) => Subnet), ...addresses.map(({ address }) => address)]
    .filter((range) => isIPv4(range.split("/")[0] ?? ""))
    .map(parseRange);
  for (;;) {
    const cidr = `10.${randomInt(16, 96)}.${randomInt(16) * 16}.0/20`;
    if (!taken.some((range) => overlap(range, parseRange(cidr)))) return cidr;
  }
}

/** Removes every container, network, volume and image whose name carries the prefix. */
export async function removeEverything(): Promise<void> {
  for (const { Id, Names } of await docker.listContainers({ all: true })) {
    if (Names.some((name) => name.includes(PREFIX))) await removeContainer(docker, Id);
  }
  for (const { Id, Name } of await docker.listNetworks())
    if (Name.includes(PREFIX)) await unless([404], docker.getNetwork(Id).remove());
  const { Volumes } = await docker.listVolumes();
  for (const { Name } of Volumes) if (Name.includes(PREFIX)) await unless([404], docker.getVolume(Name).remove());
  const labelled = await docker.listImages({ filters: { label: [PREFIX] } });
  for (const { Id } of labelled)
    await docker
      .getImage(Id)
      .remove({ force: true })
      .catch(() => {});
  for (const { RepoTags, RepoDigests } of await docker.listImages()) {
    const names = [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((name) => name.includes(PREFIX));
    for (const name of names)
      await docker
        .getImage(name)
        .remove({ force: true })
        .catch(() => {});
  }
}
