import type Docker from "dockerode";
import type { DropletSpec } from "../../backend.ts";
import { freeAddress, parseRange, type Range } from "./addresses.ts";
import type { DropletSnapshots } from "./droplet-snapshots.ts";
import { exec, inspect, onceFree, putFiles, removeContainer, removeVolume, unless } from "./engine.ts";
import { firewallScript } from "./firewall.ts";
import type { DropletImages, Variant } from "./image.ts";
import { firewallFile, firstFiles, hostname, reservedIpsFile, volumesFile } from "./machine-files.ts";
import { label, type Names } from "./names.ts";
import { gatewayOf, type Networks } from "./networks.ts";
import type { ArchiveFile } from "./tar.ts";
import type { Toolbox } from "./toolbox.ts";
import { Turns } from "./turns.ts";

/** Droplets get public addresses from .10 on; those before are left free, those from .200 on are reserved IPs. */
const publicAddresses = { from: 10, to: 199 };
/** A VPC's network address and gateway are not given away. */
const firstPrivateAddress = 2;
/** Seconds a droplet has to stop its services before it is cut off. */
const stopPatience = 10;

const sync = ["/usr/local/lib/windlass/sync"];

/** What droplets are made of and stand on. */
export interface Ground {
  docker: Docker;
  names: Names;
  images: DropletImages;
  networks: Networks;
  toolbox: Toolbox;
  snapshots: DropletSnapshots;
  reservedIpsOf(dropletId: number): string[];
}

/** The droplets of one cloud: containers with an sshd, cloud-init, fixed addresses and a root disk that outlives a restart. */
export class Droplets {
  readonly #ground: Ground;
  readonly #turns = new Turns();
  readonly #firewalls = new Map<number, string>();

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  async ensure(spec: DropletSpec): Promise<{ publicIp: string; privateIp: string }> {
    const { docker, names, networks } = this.#ground;
    const name = names.droplet(spec.id);
    const publicRange = await networks.ensurePublic();
    const privateRange = await networks.ensureVpc(spec.vpcId, spec.vpcRange);
    // One at a time: the addresses of each are known to the next once its container is there.
    const there = await this.#turns.take("addresses", async () => {
      return (await inspect(docker, name)) ?? (await this.#create(spec, publicRange, privateRange));
    });
    const addresses = addressesOf(there.Config.Labels);
    if (!hasRun(there)) {
      if (!there.NetworkSettings.Networks[names.vpcNetwork(spec.vpcId)]) await this.#joinVpc(spec, addresses.privateIp);
      await putFiles(docker, name, await this.#firstFiles(spec, publicRange, privateRange, addresses.publicIp));
      await unless([304], docker.getContainer(name).start());
    }
    return addresses;
  }

  async powerOn(id: number): Promise<void> {
    const { docker, names, toolbox } = this.#ground;
    const container = docker.getContainer(names.droplet(id));
    const { State } = await container.inspect();
    if (State.Paused) await unless([409, 500], container.unpause());
    if (State.Running) return;
    // Loop devices have other numbers after a restart of the host.
    await putFiles(docker, names.droplet(id), [volumesFile(await toolbox.block("list", String(id)))]);
    await unless([304], container.start());
  }

  async powerOff(id: number): Promise<void> {
    const { docker, names } = this.#ground;
    await unless([304], docker.getContainer(names.droplet(id)).stop({ t: stopPatience }));
  }

  async reboot(id: number): Promise<void> {
    await this.powerOff(id);
    await this.powerOn(id);
  }

  async remove(id: number): Promise<void> {
    const { docker, names, toolbox } = this.#ground;
    const there = await inspect(docker, names.droplet(id));
    await removeContainer(docker, names.droplet(id));
    await removeVolume(docker, names.nestedDocker(id));
    await toolbox.block("drop", String(id));
    if (there) await this.#ground.snapshots.forgetUnused(there.Image);
  }

  /** Puts a droplet's rules in force, at once where it runs; a droplet that is not there yet, or is made anew, starts with them. */
  async setFirewall(id: number, render: (gateways: string[]) => string): Promise<void> {
    const there = await inspect(this.#ground.docker, this.#ground.names.droplet(id));
    const script = render(await this.#gateways(there));
    this.#firewalls.set(id, script);
    if (there) await this.change(id, async () => [firewallFile(script)]);
  }

  /** Forgets rules of droplets that are not there. */
  forget(): void {
    this.#firewalls.clear();
  }

  /** Lays files into a droplet and has them put in force where it runs. Changes of one droplet take turns. */
  change(id: number, files: () => Promise<ArchiveFile[]>): Promise<void> {
    const { docker, names } = this.#ground;
    return this.#turns.take(String(id), async () => {
      await putFiles(docker, names.droplet(id), await files());
      const there = await inspect(docker, names.droplet(id));
      if (there?.State.Running) await exec(docker, names.droplet(id), sync);
    });
  }

  /** The volume table as it is now, in force. */
  changeVolumes(id: number): Promise<void> {
    return this.change(id, async () => [volumesFile(await this.#ground.toolbox.block("list", String(id)))]);
  }

  changeReservedIps(id: number): Promise<void> {
    return this.change(id, async () => [reservedIpsFile(this.#ground.reservedIpsOf(id))]);
  }

  /** After a restart of the host or the engine, or a kill in the middle of a snapshot: every droplet as it should be. */
  async restore(): Promise<void> {
    const { docker, names, toolbox } = this.#ground;
    const paused = { label: [`${label.cloud}=${names.cloud}`], status: ["paused"] };
    for (const { Id } of await docker.listContainers({ all: true, filters: paused })) {
      await unless([404, 409, 500], docker.getContainer(Id).unpause());
    }
    for (const id of (await toolbox.block("droplets")).map(Number)) {
      const there = await inspect(docker, names.droplet(id));
      if (!there || !hasRun(there)) continue;
      await this.changeVolumes(id);
      if (there.State.Running) await exec(docker, names.droplet(id), ["sh", "-c", "mount -a || :"]);
    }
  }

  async #create(spec: DropletSpec, publicRange: Range, privateRange: Range): Promise<Docker.ContainerInspectInfo> {
    const { docker, names, images, snapshots, toolbox } = this.#ground;
    const taken = await this.#takenAddresses();
    const publicIp = spec.publicIp ?? freeAddress(publicRange, taken, publicAddresses.from, publicAddresses.to);
    const privateIp = spec.privateIp ?? freeAddress(privateRange, taken, firstPrivateAddress);
    const nested = spec.image.gpu || spec.image.docker;
    const labels = { ...names.labels, [label.kind]: "droplet", [label.droplet]: String(spec.id) };
    if (nested) await docker.createVolume({ Name: names.nestedDocker(spec.id), Labels: labels });
    if (nested && spec.image.snapshotId !== undefined)
      await snapshots.restoreNestedDocker(spec.image.snapshotId, spec.id);
    const options: Docker.ContainerCreateOptions = {
      name: names.droplet(spec.id),
      Image: spec.image.snapshotId === undefined ? images.name(variantOf(spec)) : names.snapshot(spec.image.snapshotId),
      Hostname: hostname(spec.name),
      StopSignal: "SIGTERM",
      Labels: {
        ...labels,
        [label.publicIp]: publicIp,
        [label.privateIp]: privateIp,
        [label.cpus]: String(spec.vcpus),
        [label.memory]: String(spec.memoryMiB),
        [label.disk]: String(spec.diskGiB),
      },
      HostConfig: hostConfig(names, await toolbox.capabilities(), nested ? names.nestedDocker(spec.id) : undefined),
      NetworkingConfig: { EndpointsConfig: { [names.publicNetwork]: endpoint(publicIp, "eth0") } },
    };
    // Taken: by a create that a kill left under way, whose container is there a moment later.
    await unless([409], docker.createContainer(options));
    return onceFree(() => docker.getContainer(names.droplet(spec.id)).inspect(), [404]);
  }

  async #joinVpc(spec: DropletSpec, privateIp: string): Promise<void> {
    const { docker, names } = this.#ground;
    const network = docker.getNetwork(names.vpcNetwork(spec.vpcId));
    const options = { Container: names.droplet(spec.id), EndpointConfig: endpoint(privateIp, "eth1") };
    await unless([403, 409], network.connect(options));
  }

  async #firstFiles(
    spec: DropletSpec,
    publicRange: Range,
    privateRange: Range,
    publicIp: string,
  ): Promise<ArchiveFile[]> {
    const { toolbox, reservedIpsOf } = this.#ground;
    await toolbox.start();
    const gateways = [gatewayOf(publicRange), gatewayOf(privateRange)];
    return [
      ...firstFiles(spec, publicIp, await toolbox.nameServers()),
      volumesFile(await toolbox.block("list", String(spec.id))),
      firewallFile(this.#firewalls.get(spec.id) ?? firewallScript(null, gateways)),
      reservedIpsFile(reservedIpsOf(spec.id)),
    ];
  }

  async #takenAddresses(): Promise<Set<string>> {
    const { docker, names } = this.#ground;
    const ours = { label: [`${label.cloud}=${names.cloud}`, `${label.kind}=droplet`] };
    const containers = await docker.listContainers({ all: true, filters: ours });
    return new Set(containers.flatMap((container) => Object.values(addressesOf(container.Labels))));
  }

  /** The host's addresses in the networks of a droplet, or in the public one where it is not there yet. */
  async #gateways(there: Docker.ContainerInspectInfo | undefined): Promise<string[]> {
    const { docker, networks } = this.#ground;
    const names = Object.keys(there?.NetworkSettings.Networks ?? {});
    const described = await Promise.all(names.map((name) => unless([404], docker.getNetwork(name).inspect())));
    const found = described.flatMap((network) => network?.IPAM?.Config?.[0]?.Subnet ?? []);
    return [
      ...new Set([gatewayOf(await networks.ensurePublic()), ...found.map((subnet) => gatewayOf(parseRange(subnet)))]),
    ];
  }
}

function hostConfig(
  names: Names,
  capabilities: string[],
  nestedDocker: string | undefined,
): Docker.HostConfig & { CgroupnsMode: string } {
  return {
    NetworkMode: names.publicNetwork,
    CapAdd: capabilities,
    SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
    DeviceCgroupRules: ["b 7:* rmw"],
    CgroupnsMode: "private",
    RestartPolicy: { Name: "unless-stopped" },
    ShmSize: 1024 ** 3,
    Tmpfs: { "/run": "rw,exec,mode=755" },
    Mounts: nestedDocker ? [{ Type: "volume", Source: nestedDocker, Target: "/var/lib/docker" }] : [],
  };
}

/** A fixed address. Older engines name interfaces by the order of the networks' names, newer ones as they are told. */
function endpoint(address: string, device: string): Docker.EndpointSettings {
  return {
    IPAMConfig: { IPv4Address: address },
    DriverOpts: { "com.docker.network.endpoint.ifname": device },
  } as Docker.EndpointSettings;
}

function variantOf(spec: DropletSpec): Variant {
  if (spec.image.gpu && !spec.gpu?.model.startsWith("amd_")) return "gpu";
  return spec.image.gpu || spec.image.docker ? "docker" : "plain";
}

function addressesOf(labels: Record<string, string>): { publicIp: string; privateIp: string } {
  return { publicIp: labels[label.publicIp] ?? "", privateIp: labels[label.privateIp] ?? "" };
}

function hasRun(there: Docker.ContainerInspectInfo): boolean {
  return there.State.Running || !there.State.StartedAt.startsWith("0001-");
}
