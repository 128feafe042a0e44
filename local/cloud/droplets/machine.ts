import type { ActionKind } from "../actions.ts";
import type { DropletSpec } from "../backend.ts";
import { changeMeter, dropletPrice, snapshotPrice, startMeter, stopMeter } from "../billing/meters.ts";
import type { CloudState } from "../cloud.ts";
import { rulesFor } from "../firewalls/sync.ts";
import type { Action, Droplet, Image } from "../objects.ts";
import { unassigned } from "../reserved-ips/addresses.ts";
import { ensureVolume } from "../volumes/actions.ts";
import { finishDestruction } from "./destruction.ts";

/** The work behind droplets: what each kind of action does to the machine, and to the droplet when it is done. */
export function dropletKinds(cloud: CloudState): Record<string, ActionKind> {
  const { store, backend } = cloud;
  const patch = (action: Action, change: Partial<Droplet>) => {
    if (store.droplets.get(action.droplet as number)) store.droplets.patch(action.droplet as number, change);
  };
  const power = (effect: (id: number) => Promise<void>, status: Droplet["status"]): ActionKind => ({
    effect: ({ droplet }) => effect(droplet as number),
    finish: (action) => patch(action, { status }),
  });
  const feature = (name: string, on: boolean): ActionKind => ({
    finish: (action) => {
      const own = store.droplets.get(action.droplet as number)?.features.filter((f) => f !== name) ?? [];
      patch(action, { features: on ? [...own, name] : own });
    },
  });
  const reinstall: ActionKind = {
    effect: (action) => rebuildMachine(cloud, action),
    finish: (action) => patch(action, { image: action.params["image"] as Image, status: "active" }),
  };
  return {
    create: {
      effect: ({ droplet }) => raiseMachine(cloud, droplet as number),
      finish: (action) => patch(action, { status: "active" }),
    },
    destroy: {
      effect: ({ droplet }) => razeMachine(cloud, droplet as number),
      finish: ({ droplet }) => forgetDroplet(cloud, droplet as number),
    },
    power_on: power((id) => backend.powerOn(id), "active"),
    power_off: power((id) => backend.powerOff(id), "off"),
    shutdown: power((id) => backend.powerOff(id), "off"),
    reboot: power((id) => backend.reboot(id), "active"),
    power_cycle: power((id) => backend.reboot(id), "active"),
    password_reset: power((id) => backend.reboot(id), "active"),
    rename: { finish: (action) => patch(action, { name: action.params["name"] as string }) },
    resize: { finish: (action) => resize(cloud, action) },
    rebuild: reinstall,
    restore: reinstall,
    enable_ipv6: feature("ipv6", true),
    enable_backups: feature("backups", true),
    change_backup_policy: feature("backups", true),
    disable_backups: feature("backups", false),
    snapshot: {
      effect: ({ droplet, params }) => backend.snapshotDroplet(droplet as number, params["snapshotId"] as number),
      finish: (action, result) => keepSnapshot(cloud, action, result as { sizeGiB: number }),
    },
  };
}

/** The machine, its addresses, its rules and its volumes; it is never there without its rules once it is active. */
async function raiseMachine(cloud: CloudState, id: number): Promise<void> {
  const { store, backend, firewalls } = cloud;
  const droplet = store.droplets.get(id);
  if (!droplet) return;
  const spec = machineSpec(cloud, droplet);
  await backend.ensureVpc({ id: spec.vpcId, range: spec.vpcRange });
  // Before it starts: no port is open for even a moment.
  await backend.setFirewall(id, rulesFor(cloud, droplet, store.firewalls.list()));
  const addresses = await backend.ensureDroplet(spec);
  store.transaction(() => {
    if (store.droplets.get(id)) store.droplets.patch(id, addresses);
  });
  const refused = (await firewalls.settle()).get(id);
  if (refused) throw refused;
  for (const volume of store.volumes.list({ droplet: id })) {
    await ensureVolume(cloud, volume.id);
    await backend.attachVolume(volume.id, volume.name, id);
  }
  if (droplet.gpuLoad) await backend.setGpu(id, droplet.gpuLoad);
}

async function razeMachine({ store, backend }: CloudState, id: number): Promise<void> {
  for (const volume of store.volumes.list({ droplet: id })) await backend.detachVolume(volume.id, volume.name, id);
  for (const ip of store.reservedIps.list({ droplet: id })) await backend.assignReservedIp(ip.id, null);
  await backend.removeDroplet(id);
}

/** The root disk afresh from another image; addresses and volumes stay. */
async function rebuildMachine(cloud: CloudState, action: Action): Promise<void> {
  const { store, backend } = cloud;
  const droplet = store.droplets.get(action.droplet as number);
  if (!droplet) return;
  await razeMachine(cloud, droplet.id);
  await backend.ensureDroplet(machineSpec(cloud, { ...droplet, image: action.params["image"] as Image }));
  cloud.firewalls.forget();
  await cloud.firewalls.settle();
  for (const volume of store.volumes.list({ droplet: droplet.id }))
    await backend.attachVolume(volume.id, volume.name, droplet.id);
  for (const ip of store.reservedIps.list({ droplet: droplet.id })) await backend.assignReservedIp(ip.id, droplet.id);
  if (droplet.gpuLoad) await backend.setGpu(droplet.id, droplet.gpuLoad);
}

function machineSpec({ store, catalog }: CloudState, droplet: Droplet): DropletSpec {
  const size = catalog.sizes.get(droplet.size);
  if (!size) throw new Error(`no such size: ${droplet.size}`);
  const { image } = droplet;
  const gpu = size.gpu_info;
  return {
    id: droplet.id,
    name: droplet.name,
    sizeSlug: droplet.size,
    vcpus: size.vcpus,
    memoryMiB: size.memory,
    diskGiB: droplet.diskGiB,
    ...(gpu && {
      gpu: { model: gpu.model, count: gpu.count, memoryMiB: (gpu.vram.amount / gpu.count) * 1024 },
    }),
    image: {
      ...(image.slug ? { slug: image.slug } : { snapshotId: image.id }),
      gpu: image.gpu,
      docker: image.docker,
    },
    region: droplet.region,
    ...(droplet.userData !== undefined && { userData: droplet.userData }),
    authorizedKeys: droplet.authorizedKeys,
    vpcId: droplet.vpc,
    vpcRange: store.vpcs.get(droplet.vpc)?.range ?? "",
    ...(droplet.privateIp && { privateIp: droplet.privateIp }),
    ...(droplet.publicIp && { publicIp: droplet.publicIp }),
    ...(droplet.sshDown && { sshDown: true }),
  };
}

function resize(cloud: CloudState, { droplet: id, params }: Action): void {
  const droplet = cloud.store.droplets.get(id as number);
  const size = cloud.catalog.sizes.get(params["size"] as string);
  if (!droplet || !size) return;
  const diskGiB = params["disk"] ? size.disk : droplet.diskGiB;
  const resized = cloud.store.droplets.put({ ...droplet, size: size.slug, diskGiB });
  changeMeter(cloud, "droplet", resized, dropletPrice(cloud, size.slug));
}

/** A snapshot's `created_at` is its action's `started_at`: the official provider finds it by that. */
function keepSnapshot(cloud: CloudState, action: Action, { sizeGiB }: { sizeGiB: number }): void {
  const droplet = cloud.store.droplets.get(action.droplet as number);
  if (!droplet) return;
  const image = cloud.store.images.put({
    id: action.params["snapshotId"] as number,
    name: action.params["name"] as string,
    type: "snapshot",
    distribution: droplet.image.distribution,
    slug: null,
    public: false,
    regions: [droplet.region],
    createdAt: action.startedAt,
    minDiskGiB: droplet.diskGiB,
    sizeGiB,
    description: "",
    tags: [],
    droplet: droplet.id,
    gpu: droplet.image.gpu,
    docker: droplet.image.docker,
  });
  startMeter(cloud, "snapshot", { ...image, region: droplet.region }, snapshotPrice(sizeGiB));
}

/** The droplet is gone: what pointed at it no longer does, and it costs nothing more. Its snapshots and volumes stay. */
function forgetDroplet(cloud: CloudState, id: number): void {
  const { store } = cloud;
  const droplet = store.droplets.get(id);
  if (!droplet) return;
  stopMeter(cloud, "droplet", droplet);
  store.droplets.delete(id);
  store.assignments.delete(`do:droplet:${id}`);
  for (const volume of store.volumes.list({ droplet: id })) store.volumes.put({ ...volume, droplet: null });
  for (const firewall of store.firewalls.list())
    if (firewall.droplets.includes(id))
      store.firewalls.put({ ...firewall, droplets: firewall.droplets.filter((own) => own !== id) });
  for (const ip of store.reservedIps.list({ droplet: id })) unassigned(cloud, ip);
  finishDestruction(cloud, id);
}
