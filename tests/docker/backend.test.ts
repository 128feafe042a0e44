import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../clients/ssh/key.ts";
import type { Backend, FirewallRule } from "../../local/cloud/backend.ts";
import { createDockerBackend } from "../../local/cloud/backends/docker/backend.ts";
import { DropletSnapshots } from "../../local/cloud/backends/docker/droplet-snapshots.ts";
import { namesOf } from "../../local/cloud/backends/docker/names.ts";
import { belongings, dropletSpec, keys, loopFiles, port, type Ssh, ssh, sshOnce, until } from "./backend-fixture.ts";
import { freeRange } from "./docker-fixture.ts";

const dataDir = mkdtempSync(join(tmpdir(), "windlass-backend-"));
const cloud = namesOf(dataDir).cloud;
const log: string[] = [];
let backend: Backend;
/** Two droplets that all tests share: `a` a GPU node with user data, `b` a plain machine in the same VPC. */
let a: { id: number; publicIp: string; privateIp: string };
let b: { id: number; publicIp: string; privateIp: string };
let onA: Ssh;
let onB: Ssh;

const everywhere = ["0.0.0.0/0", "::/0"];
const allOut: FirewallRule[] = [
  { protocol: "tcp", ports: "all", cidrs: everywhere },
  { protocol: "udp", ports: "all", cidrs: everywhere },
  { protocol: "icmp", ports: "", cidrs: everywhere },
];
const tcp = (ports: string, ...cidrs: string[]): FirewallRule => ({ protocol: "tcp", ports, cidrs });
const userData =
  "#cloud-config\nwrite_files:\n  - path: /srv/greeting\n    content: |\n      from user data\nruncmd:\n  - touch /srv/ran\n";
/** When the first process started, in ticks of the host: another one after each start of the machine. */
const BOOT_ID = "cut -d ' ' -f 22 /proc/1/stat";
const plain = { image: { slug: "debian-12-x64", gpu: false, docker: false }, gpu: undefined, sizeSlug: "s-1vcpu-1gb" };

beforeAll(async () => {
  backend = createDockerBackend({ dataDir, log: (line) => log.push(line) });
  await backend.prepare((line) => log.push(line));
  const [first, second] = await Promise.all([
    backend.ensureDroplet(dropletSpec(1, { userData })),
    backend.ensureDroplet(dropletSpec(2, plain)),
  ]);
  a = { id: 1, ...first };
  b = { id: 2, ...second };
  [onA, onB] = await Promise.all([ssh(a.publicIp), ssh(b.publicIp)]);
});

afterAll(async () => {
  onA?.close();
  onB?.close();
  await backend.reset();
  await backend.close();
  rmSync(dataDir, { recursive: true, force: true });
  expect(await belongings(cloud)).toEqual([]);
  expect(loopFiles().filter((file) => file.includes(cloud))).toEqual([]);
});

describe("a droplet", () => {
  test("has its name, its addresses, and what its user data asks for", async () => {
    expect(await onA.run("hostname")).toBe("node-1");
    expect(await onA.run("ip -br -4 addr show eth0; ip -br -4 addr show eth1")).toMatch(
      new RegExp(`eth0@.* ${a.publicIp}/24.*\\neth1@.* ${a.privateIp}/20`),
    );
    await onA.run("cloud-init status --wait");
    expect(await onA.run("cat /srv/greeting; ls /srv/ran")).toBe("from user data\n/srv/ran");
    expect(await onA.run("cat /var/lib/cloud/data/instance-id")).toBe("1");
  });

  test("lets root in by key only", async () => {
    const refused = /authentication methods failed/;
    await expect(sshOnce(a.publicIp, { privateKey: undefined, password: "root" })).rejects.toThrow(refused);
    await expect(sshOnce(a.publicIp, { username: "debian" })).rejects.toThrow(refused);
  });

  test("keeps host key, files and addresses over power cycle, reboot and a reboot from inside", async () => {
    await onB.run("echo kept > /srv/file");
    const interruptions = [
      () => backend.powerOff(b.id).then(() => backend.powerOn(b.id)),
      () => backend.reboot(b.id),
      () => onB.run("reboot; sleep 5").catch(() => ""),
    ];
    for (const interrupt of interruptions) {
      const before = onB;
      const bootId = await before.run(BOOT_ID);
      await interrupt();
      onB = await until(async () => {
        const again = await sshOnce(b.publicIp);
        if ((await again.run(BOOT_ID)) !== bootId) return again;
        again.close();
        return undefined;
      });
      expect(onB.hostKey).toBe(before.hostKey);
      expect(await onB.run("cat /srv/file; ip -br -4 addr show eth1")).toMatch(
        new RegExp(`^kept\\n.* ${b.privateIp}/20`),
      );
    }
    expect(await backend.ensureDroplet(dropletSpec(2, plain))).toEqual({
      publicIp: b.publicIp,
      privateIp: b.privateIp,
    });
  });

  test("that is told not to has no sshd", async () => {
    const { publicIp } = await backend.ensureDroplet(dropletSpec(3, { ...plain, sshDown: true }));
    await until(async () => ((await backend.metrics(3)) ? true : undefined));
    expect(await port(publicIp, 22)).toBe("refused");
    await backend.removeDroplet(3);
    expect(await backend.metrics(3)).toBeNull();
    await backend.removeDroplet(3);
  });

  test("says what it uses", async () => {
    await backend.metrics(a.id);
    const busy = onA.run("timeout 250 sh -c 'until [ -e /tmp/enough ]; do :; done'");
    const load = await until(async () => {
      const reading = await backend.metrics(a.id);
      return reading && reading.load1 > 0.1 ? reading : undefined;
    });
    await onA.run("touch /tmp/enough");
    await busy;
    expect(load).toMatchObject({ memoryTotalMiB: 245_760, diskTotalGiB: 720 });
    // Of its 20 CPUs, however many of this machine's the loop gets.
    expect(load.cpuPercent).toBeCloseTo((100 * load.load1) / 20);
    expect(load.memoryUsedMiB).toBeGreaterThan(10);
    expect(load.netRxBytes).toBeGreaterThan(1000);
  });
});

describe("a volume", () => {
  const id = randomUUID();
  const device = "/dev/disk/by-id/scsi-0DO_Volume_data";

  test("outlives the droplet it was written on, and is the same elsewhere", async () => {
    await backend.ensureDroplet(dropletSpec(4, plain)).then(({ publicIp }) =>
      ssh(publicIp).then(async (onC) => {
        await backend.ensureVolume({ id, name: "data", sizeGiB: 500, filesystem: "ext4", label: "training" });
        await backend.ensureVolume({ id, name: "data", sizeGiB: 500, filesystem: "ext4", label: "training" });
        await backend.attachVolume(id, "data", 4);
        await onC.run(`mkdir /mnt/data && mount ${device} /mnt/data && echo checkpoint > /mnt/data/file`);
        await expect(backend.attachVolume(id, "data", b.id)).rejects.toThrow("attached to droplet 4");
        onC.close();
      }),
    );
    await backend.detachVolume(id, "data", 4);
    await backend.removeDroplet(4);
    await backend.attachVolume(id, "data", b.id);
    await backend.attachVolume(id, "data", b.id);
    expect(await onB.run(`mkdir -p /mnt/data && mount ${device} /mnt/data && cat /mnt/data/file`)).toBe("checkpoint");
    expect(await onB.run("df -BG --output=source,size /mnt/data | tail -1")).toMatch(/^\/dev\/sda +49\dG/);
    expect(await onB.run(`blkid -o value -s LABEL ${device}`)).toBe("training");
    expect(loopFiles().filter((file) => file.includes(id))).toHaveLength(1);
  });

  test("is mounted again by fstab after a power cycle", async () => {
    await onB.run(`echo '${device} /mnt/data ext4 defaults,nofail,discard 0 2' >> /etc/fstab`);
    await backend.reboot(b.id);
    onB = await ssh(b.publicIp);
    expect(await onB.run("cat /mnt/data/file")).toBe("checkpoint");
  });

  test("grows while attached, its file system when its owner says so", async () => {
    await backend.resizeVolume(id, 600);
    expect(await onB.run(`blockdev --getsize64 ${device}`)).toBe(String(600 * 1024 ** 3));
    // Growing a mounted ext4 takes CAP_SYS_RESOURCE, which not every host can give.
    await onB.run(`umount /mnt/data && e2fsck -fp ${device} && resize2fs ${device} && mount /mnt/data`);
    expect(await onB.run("df -BG --output=size /mnt/data | tail -1")).toMatch(/59\dG/);
    await backend.resizeVolume(id, 100);
    expect(await onB.run(`blockdev --getsize64 ${device}`)).toBe(String(600 * 1024 ** 3));
  });

  test("gives a snapshot that starts another volume", async () => {
    const { sizeGiB } = await backend.snapshotVolume(id, "snap-1");
    expect(sizeGiB).toBeGreaterThan(0);
    expect(sizeGiB).toBeLessThan(5);
    await onB.run("echo later > /mnt/data/file && sync");
    await backend.ensureVolume({ id: "copy", name: "copy", sizeGiB: 700, snapshotId: "snap-1" });
    await backend.removeVolumeSnapshot("snap-1");
    await backend.attachVolume("copy", "copy", a.id);
    await onA.run("mkdir -p /mnt/copy && mount /dev/disk/by-id/scsi-0DO_Volume_copy /mnt/copy");
    const copy = "/dev/disk/by-id/scsi-0DO_Volume_copy";
    expect(await onA.run(`cat /mnt/copy/file; blockdev --getsize64 ${copy}`)).toBe(`checkpoint\n${700 * 1024 ** 3}`);
    await backend.detachVolume("copy", "copy", a.id);
    await backend.removeVolume("copy");
  });

  test("is unmounted when it is detached, and gone from the machine", async () => {
    await backend.detachVolume(id, "data", b.id);
    await backend.detachVolume(id, "data", b.id);
    expect(
      await onB.run("mount | grep -c /mnt/data || true; ls /dev/disk/by-id /dev | grep -cE 'DO_Volume|^sda' || true"),
    ).toBe("0\n0");
    expect(loopFiles().filter((file) => file.includes(id))).toEqual([]);
  });

  test("is refused elsewhere while a process still holds it open", async () => {
    await backend.attachVolume(id, "data", b.id);
    await onB.run("mount /mnt/data; sleep 1000 < /mnt/data/file > /dev/null 2>&1 & true");
    await backend.detachVolume(id, "data", b.id);
    await expect(backend.attachVolume(id, "data", a.id)).rejects.toThrow("still held open");
    await onB.run("pkill sleep");
    // What the process has written goes to the disk before it lets go.
    await until(() => backend.attachVolume(id, "data", a.id).then(() => true));
    expect(await onA.run(`mount ${device} /mnt && cat /mnt/file && umount /mnt`)).toBe("later");
    await backend.removeVolume(id);
    await backend.detachVolume(id, "data", a.id);
  });

  test("can be xfs, or left without a file system", async () => {
    await backend.ensureVolume({ id: "x", name: "x", sizeGiB: 1, filesystem: "xfs", label: "fast" });
    await backend.ensureVolume({ id: "raw", name: "raw", sizeGiB: 1 });
    await Promise.all([backend.attachVolume("x", "x", b.id), backend.attachVolume("raw", "raw", b.id)]);
    expect(await onB.run("blkid -o value -s TYPE /dev/disk/by-id/scsi-0DO_Volume_x")).toBe("xfs");
    await onB.run("mount /dev/disk/by-id/scsi-0DO_Volume_x /mnt && touch /mnt/f && umount /mnt");
    expect(await onB.run("blkid /dev/disk/by-id/scsi-0DO_Volume_raw || echo none")).toBe("none");
  });
});

/** Waits until these ports take connections. */
async function opens(address: string, ...ports: number[]): Promise<void> {
  for (const number of ports) await until(async () => ((await port(address, number)) === "open" ? true : undefined));
}

describe("a firewall", () => {
  const fromHere = "127.0.0.1/32";

  test("closes a port that is not listed and opens one that is", async () => {
    await onA.run("for p in 8001 8002; do busybox nc -ll -p $p -e true > /dev/null 2>&1 & done");
    await opens(a.publicIp, 8001, 8002);
    await backend.setFirewall(a.id, { inbound: [tcp("22", fromHere), tcp("8001-8001", fromHere)], outbound: allOut });
    expect(await port(a.publicIp, 8001)).toBe("open");
    expect(await port(a.publicIp, 8002)).toBe("closed");
    expect(await port(a.privateIp, 8002)).toBe("closed");
    const fromB = (address: string, number: number) =>
      onB.run(`timeout 5 bash -c '</dev/tcp/${address}/${number}' && echo open || echo closed`);
    expect(await fromB(a.publicIp, 8001)).toBe("closed");
    await backend.setFirewall(a.id, {
      inbound: [tcp("22", fromHere), tcp("8001", `${b.publicIp}/32`), tcp("8002", b.privateIp, "10.0.0.0/8")],
      outbound: allOut,
    });
    expect(await fromB(a.publicIp, 8001)).toBe("open");
    expect(await fromB(a.privateIp, 8002)).toBe("open");
    expect(await fromB(a.privateIp, 8001)).toBe("closed");
    expect(await port(a.publicIp, 8001)).toBe("closed");
    expect(await onA.run("echo this connection stays")).toBe("this connection stays");
  });

  test("holds after a restart of the machine, from the first moment", async () => {
    onA.close();
    await backend.reboot(a.id);
    onA = await ssh(a.publicIp);
    await onA.run("busybox nc -ll -p 8002 -e true > /dev/null 2>&1 &");
    expect(await port(a.publicIp, 8002)).toBe("closed");
  });

  test("lets nothing out that is not listed", async () => {
    await onB.run(
      "busybox nc -ll -p 9001 -e true > /dev/null 2>&1 & busybox nc -ll -p 9002 -e true > /dev/null 2>&1 &",
    );
    await opens(b.publicIp, 9001, 9002);
    await backend.setFirewall(a.id, { inbound: [tcp("22", fromHere)], outbound: [tcp("9001", ...everywhere)] });
    const fromA = (number: number) =>
      onA.run(`timeout 5 bash -c '</dev/tcp/${b.privateIp}/${number}' && echo open || echo closed`);
    expect(await fromA(9001)).toBe("open");
    expect(await fromA(9002)).toBe("closed");
    expect(await onA.run(`ping -c1 -W1 ${b.privateIp} > /dev/null && echo answered || echo silent`)).toBe("silent");
  });

  test("that is taken away leaves everything open", async () => {
    await backend.setFirewall(a.id, null);
    await opens(a.publicIp, 8002);
  });

  test("set before the machine is there is in force from its start", async () => {
    await backend.setFirewall(5, { inbound: [], outbound: [] });
    const { publicIp } = await backend.ensureDroplet(dropletSpec(5, plain));
    await until(async () => ((await backend.metrics(5)) ? true : undefined));
    // Before its rules are in force nothing listens there yet.
    const met = new Set<string>();
    await until(async () => met.add(await port(publicIp, 22)).has("closed") || undefined);
    met.add(await port(publicIp, 22));
    expect([...met].filter((answer) => answer !== "refused")).toEqual(["closed"]);
    await backend.removeDroplet(5);
  });
});

describe("a network", () => {
  test("whose range is taken is refused, with the name of what is in the way", async () => {
    const inTheWay = `windlass-${cloud}-vpc-${dropletSpec(1).vpcId}`;
    const wider = dropletSpec(1).vpcRange.replace(/\.\d+\.0\/20$/, ".0.0/16");
    await expect(backend.ensureVpc({ id: "other", range: wider })).rejects.toThrow(inTheWay);
  });

  test("keeps droplets of another VPC out", async () => {
    const range = await freeRange();
    await backend.ensureVpc({ id: "apart", range });
    const { privateIp } = await backend.ensureDroplet(dropletSpec(6, { ...plain, vpcId: "apart", vpcRange: range }));
    expect(privateIp).toBe(range.replace("0/20", "2"));
    expect(await onB.run(`ping -c1 -W10 ${a.privateIp} > /dev/null && echo answered`)).toBe("answered");
    expect(await onB.run(`ping -c1 -W1 ${privateIp} > /dev/null && echo answered || echo silent`)).toBe("silent");
    await backend.removeDroplet(6);
    await backend.removeVpc("apart");
    await backend.removeVpc("apart");
  });

  test("moves a reserved address from one droplet to another", async () => {
    const { ip } = await backend.assignReservedIp(null, a.id);
    expect((await ssh(ip)).hostKey).toBe(onA.hostKey);
    await backend.assignReservedIp(ip, b.id);
    expect((await sshOnce(ip)).hostKey).toBe(onB.hostKey);
    expect((await backend.assignReservedIp(null, null)).ip).not.toBe(ip);
    await backend.releaseReservedIp(ip);
    expect(await port(ip, 22)).toBe("closed");
  });
});

describe("a GPU droplet", () => {
  test("runs containers of its own, which see the GPU when they ask for it", async () => {
    await until(() => onA.run("docker info > /dev/null").then(() => true));
    expect(await onA.run("docker info -f '{{.Driver}}'")).toBe("overlay2");
    await onA.run(
      "cd $(mktemp -d) && mkdir -p bin etc && cp /bin/busybox bin/ && for t in sh cat grep sed date wget; do ln -s busybox bin/$t; done && tar -c . | docker import - tiny",
    );
    expect(await onA.run("docker run --rm tiny /bin/cat /etc/hostname")).toMatch(/^[0-9a-f]{12}$/);
    expect(await onA.run("docker run --rm --gpus all tiny /bin/sh /usr/bin/nvidia-smi -L")).toMatch(
      /^GPU 0: NVIDIA H100 80GB HBM3/,
    );
    expect(
      await onA.run("docker run --rm --memory 64m tiny /bin/cat /sys/fs/cgroup/memory/memory.limit_in_bytes || true"),
    ).toMatch(/^(67108864|)$/);
  });

  test("keeps a published port of a container behind the firewall", async () => {
    await onA.run("docker run -d --name web -p 8080:8080 tiny /bin/busybox nc -ll -p 8080 -e /bin/cat");
    await opens(a.publicIp, 8080);
    await backend.setFirewall(a.id, { inbound: [tcp("22", "127.0.0.1/32")], outbound: allOut });
    expect(await port(a.publicIp, 8080)).toBe("closed");
    await backend.setFirewall(a.id, null);
    expect(await port(a.publicIp, 8080)).toBe("open");
    await onA.run("docker rm -f web");
  });

  test("shows the load that was set", async () => {
    await backend.setGpu(a.id, [{ utilization: 97, memoryUsedMiB: 70_000, temperatureC: 65, powerW: 612.5 }]);
    const query =
      "nvidia-smi --query-gpu=name,utilization.gpu,memory.used,memory.free,temperature.gpu,power.draw --format=csv,noheader";
    expect(await onA.run(query)).toBe("NVIDIA H100 80GB HBM3, 97 %, 70000 MiB, 11559 MiB, 65, 612.50 W");
    expect(await onA.run(`${query},nounits | cut -d, -f2`)).toBe("97");
    expect(await onA.run("nvidia-smi")).toMatch(/CUDA Version: 12\.4[\s\S]*70000MiB \/ {3}81559MiB \| {5}97%/);
    expect(await onA.run("nvidia-smi --query-compute-apps=pid,used_memory --format=csv,noheader")).toBe("1, 70000 MiB");
    await expect(onB.run("nvidia-smi")).rejects.toThrow("not found");
    await expect(onA.run("nvidia-smi --query-gpu=nonsense --format=csv")).rejects.toThrow("not a valid field");
  });

  test("has a snapshot from which another one starts, with its own identity", async () => {
    await onA.run("echo state > /srv/state; docker run -d --name job tiny /bin/busybox sleep 1000");
    const { sizeGiB } = await backend.snapshotDroplet(a.id, 77);
    expect(sizeGiB).toBeGreaterThan(0.3);
    expect(await backend.snapshotDroplet(a.id, 77)).toEqual({ sizeGiB });
    const image = { snapshotId: 77, gpu: true, docker: true };
    const onC = await backend.ensureDroplet(dropletSpec(7, { image })).then(({ publicIp }) => ssh(publicIp));
    expect(await onC.run("cat /srv/state /srv/greeting; hostname")).toBe("state\nfrom user data\nnode-7");
    expect(onC.hostKey).not.toBe(onA.hostKey);
    const machineId = "cat /etc/machine-id";
    expect(await onC.run(machineId)).not.toBe(await onA.run(machineId));
    await onC.run("cloud-init status --wait");
    expect(await onC.run("cat /var/lib/cloud/data/instance-id")).toBe("7");
    await until(() => onC.run("docker info > /dev/null").then(() => true));
    expect(await onC.run("docker image ls -q tiny | wc -l; docker start job")).toBe("1\njob");
    expect(await onA.run("docker ps -q -f name=job | wc -l")).toBe("1");
    onC.close();
    await backend.removeDropletSnapshot(77);
    await backend.removeDropletSnapshot(77);
    await backend.removeDroplet(7);
  });
});

test("a machine with many snapshots behind it gets one layer again", async () => {
  const docker = new Docker();
  const snapshots = new DropletSnapshots(docker, namesOf(dataDir), "unused", 1);
  await onB.run("echo flat > /srv/flat");
  await snapshots.create(b.id, 78);
  const image = await docker.getImage(namesOf(dataDir).snapshot(78)).inspect();
  expect(image.RootFS.Layers).toHaveLength(1);
  const spec = dropletSpec(8, { ...plain, image: { snapshotId: 78, gpu: false, docker: false } });
  const onC = await backend.ensureDroplet(spec).then(({ publicIp }) => ssh(publicIp));
  expect(await onC.run("cat /srv/flat; hostname")).toBe("flat\nnode-8");
  onC.close();
  await backend.removeDropletSnapshot(78);
  await backend.removeDroplet(8);
  expect(await docker.listImages({ filters: { dangling: ["true"] } })).not.toContainEqual(
    expect.objectContaining({ Id: image.Id }),
  );
});

test("a key that is not the droplet's is refused", async () => {
  const stranger = generateKeyPair();
  expect(stranger.private).not.toBe(keys.private);
  await expect(sshOnce(b.publicIp, { privateKey: stranger.private })).rejects.toThrow(/authentication methods failed/);
});

test("a cloud beside another touches nothing of it", async () => {
  const otherDir = mkdtempSync(join(tmpdir(), "windlass-backend-"));
  const other = createDockerBackend({ dataDir: otherDir, log: () => {} });
  try {
    await other.prepare(() => {});
    const here = await belongings(cloud);
    const spec = dropletSpec(1, { ...plain, vpcId: "v", vpcRange: await freeRange() });
    const { publicIp } = await other.ensureDroplet(spec);
    expect(publicIp).not.toBe(a.publicIp);
    await other.reset();
    expect(await belongings(namesOf(otherDir).cloud)).toEqual([]);
    expect(await belongings(cloud)).toEqual(here);
    expect(await onB.run("echo there")).toBe("there");
  } finally {
    await other.reset();
    await other.close();
    rmSync(otherDir, { recursive: true, force: true });
  }
});
