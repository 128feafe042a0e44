import { createHash } from "node:crypto";
import type { DigitalOcean } from "../../../clients/digitalocean/index.ts";
import { UserError } from "../../../domain/errors.ts";
import { declaredMachine, type NodeOwner, nodePhase } from "../../../domain/node-marker.ts";
import { firewallTag, ownershipTags } from "../../../domain/tags.ts";
import type { Deployment, PendingOperation, ResourceState } from "../../../runner/checkpoint.ts";
import type { CloudClock } from "../../../runner/clock.ts";
import { hasVanished } from "../../../runner/drift.ts";
import { nodeMarkers } from "../../../runner/lifecycle/markers.ts";
import type { NodeStack } from "../../../runner/lifecycle/node-stack.ts";
import { planRecovery, recoveredDeployment } from "../../../runner/recovery/plan.ts";
import type { StackConfig } from "../../../stacks/config.ts";
import type { MortalProcess } from "./mortal-process.ts";

export const DROPLET = "digitalocean:index/droplet:Droplet";
export const VOLUME = "digitalocean:index/volume:Volume";
export const ATTACHMENT = "digitalocean:index/volumeAttachment:VolumeAttachment";

/** What outlives a process: the state file. */
export interface Disk {
  deployment: Deployment & { resources: ResourceState[]; pending_operations: PendingOperation[] };
}

type Failure = { status?: number; message: string };

/** Seconds for which an object that does not become what it should is waited for. */
const PATIENCE = 300;

/**
 * A stand-in for the Pulumi engine with its plugins, quick enough for ten thousand runs: it declares from the markers as stacks/training.ts does,
 * keeps a state with operations under way, and makes and deletes in the engine's order, with the care of the bundled plugins (a create is
 * marked with a tag, and looked for after an unclear answer). Recovery is the real plan. What it leaves out is named in docs/reliability.md.
 */
export class StandInStack implements NodeStack {
  readonly owner: NodeOwner;
  readonly config: StackConfig;
  readonly cloud: DigitalOcean;
  readonly clock: CloudClock;
  readonly #disk: Disk;
  readonly #process: MortalProcess;

  constructor(process: MortalProcess, disk: Disk, owner: NodeOwner, config: StackConfig) {
    this.cloud = process.cloud;
    this.clock = process.clock;
    this.owner = owner;
    this.config = config;
    this.#disk = disk;
    this.#process = process;
  }

  async resources(): Promise<ResourceState[]> {
    return structuredClone(this.#disk.deployment.resources);
  }

  async pending(): Promise<number> {
    return this.#disk.deployment.pending_operations.length;
  }

  async proveHealth(): Promise<void> {
    const id = this.#find(DROPLET)?.id;
    const droplet = id === undefined ? undefined : await this.cloud.droplet(Number(id)).catch(unlessGone);
    if (droplet?.status === "active") return;
    const reason = `${this.owner.node} is ${droplet?.status ?? "not there"}`;
    throw new UserError("HealthCheckFailed", { reason });
  }

  async releaseVolume(): Promise<void> {
    await this.recover();
    const volume = this.#find(VOLUME);
    if (volume) volume.protect = false;
  }

  async converge(_message?: string): Promise<void> {
    await this.recover();
    if (await this.#hasVanished()) await this.#refresh();
    const markers = await nodeMarkers(this.cloud, this.owner);
    const machine = declaredMachine(markers, { image: this.config.image, size: this.config.gpuSize });
    const hasVolume = nodePhase(markers) !== "expired";
    if (hasVolume) await this.#ensureVolume();
    if (machine) {
      await this.#ensureDroplet(machine);
      await this.#ensureAttachment();
      return;
    }
    await this.#removeAttachment();
    await this.#removeDroplet();
    if (!hasVolume) this.#dropVolume();
  }

  /** What `windlass recover` does, by the real plan; also the beginning of every update. */
  async recover(): Promise<void> {
    const { deployment } = this.#disk;
    if (deployment.pending_operations.length === 0) return;
    const [droplets, volumes, sshKeys] = await Promise.all([
      this.cloud.droplets(),
      this.cloud.volumes(),
      this.cloud.sshKeys(),
    ]);
    const objects = { droplets, volumes, sshKeys, vpcs: [], firewalls: [], reservedIps: [] };
    const plan = planRecovery(deployment, objects, this.owner.stack);
    for (const { id } of plan.remove) await this.cloud.deleteDroplet(id).catch(unlessGone);
    this.#disk.deployment = recoveredDeployment(deployment, plan) as Disk["deployment"];
    if (plan.refresh) await this.#refresh();
  }

  /** By the real rule. */
  async #hasVanished(): Promise<boolean> {
    const [droplets, volumes] = await Promise.all([this.cloud.droplets(), this.cloud.volumes()]);
    return hasVanished(this.#disk.deployment, { droplets, volumes }, {});
  }

  async #refresh(): Promise<void> {
    const [droplet, volume, attachment] = [DROPLET, VOLUME, ATTACHMENT].map((type) => this.#find(type));
    if (droplet && !(await this.cloud.droplet(Number(droplet.id)).catch(unlessGone))) this.#forget(DROPLET);
    const disk = volume && (await this.cloud.volume(volume.id ?? "").catch(unlessGone));
    if (volume && !disk) this.#forget(VOLUME);
    const holder = disk?.droplet_ids?.[0];
    if (attachment && String(holder) !== String(attachment.inputs?.dropletId)) this.#forget(ATTACHMENT);
  }

  async #ensureVolume(): Promise<void> {
    const known = this.#find(VOLUME);
    if (known) {
      known.protect = true;
      return;
    }
    const { volumeName: name, gpuRegion: region, volumeSizeGiB } = this.config;
    const tags = ownershipTags({ project: this.owner.project, stack: this.owner.stack });
    const found = async () => (await this.cloud.volumes({ name, region }))[0]?.id;
    const inputs = { name, region, size: volumeSizeGiB, tags };
    const make = async () => (await this.cloud.createVolume({ name, region, size_gigabytes: volumeSizeGiB, tags })).id;
    const id = (await found()) ?? (await this.#create(VOLUME, inputs, make, found));
    this.#keep(VOLUME, id, inputs, { protect: true, retainOnDelete: true });
  }

  async #ensureDroplet(machine: { image: string; size: string }): Promise<void> {
    if (this.#find(DROPLET)) return;
    const { nodeName: name, gpuRegion: region } = this.config;
    const mark = markOf(name);
    const tags = [...ownershipTags(this.owner), firewallTag(this.owner), mark];
    const image = /^\d+$/.test(machine.image) ? Number(machine.image) : machine.image;
    const inputs = { name, region, size: machine.size, image: machine.image, tags };
    const found = async () => {
      const made = (await this.cloud.droplets({ name })).filter((one) => one.tags.includes(mark));
      return made[0] && String(made[0].id);
    };
    const make = async () => {
      const body = { name, region, size: machine.size, image, tags };
      const answer = await this.#process.send("POST", "/v2/droplets", body);
      return String((answer.droplet as { id: number }).id);
    };
    const until = async (id: string) =>
      this.#until(`droplet ${id} is active`, async () => (await this.cloud.droplet(Number(id))).status === "active");
    const id = await this.#create(DROPLET, inputs, async () => (await found()) ?? (await make()), found, until);
    this.#keep(DROPLET, id, inputs);
  }

  async #ensureAttachment(): Promise<void> {
    if (this.#find(ATTACHMENT)) return;
    const volumeId = this.#find(VOLUME)?.id ?? "";
    const dropletId = Number(this.#find(DROPLET)?.id);
    const attached = async () =>
      (await this.cloud.volume(volumeId)).droplet_ids?.includes(dropletId) ? `${dropletId}-${volumeId}` : undefined;
    const make = async () => {
      const body = { type: "attach", droplet_id: dropletId, region: this.config.gpuRegion };
      await this.#untilFree(() => this.#process.send("POST", `/v2/volumes/${volumeId}/actions`, body));
      await this.#until("the volume is attached", async () => (await attached()) !== undefined);
      return `${dropletId}-${volumeId}`;
    };
    const id = (await attached()) ?? (await this.#create(ATTACHMENT, { dropletId, volumeId }, make, attached));
    this.#keep(ATTACHMENT, id, { dropletId, volumeId });
  }

  async #removeAttachment(): Promise<void> {
    const attachment = this.#find(ATTACHMENT);
    if (!attachment) return;
    const { dropletId, volumeId } = attachment.inputs as { dropletId: number; volumeId: string };
    await this.#delete(attachment, async () => {
      const attached = async () =>
        (await this.cloud.volume(volumeId).catch(unlessGone))?.droplet_ids?.includes(dropletId) ?? false;
      if (await attached()) {
        const detach = () => this.cloud.detachVolume(volumeId, dropletId, this.config.gpuRegion);
        await this.#untilFree(() => detach().catch(unlessGone));
      }
      await this.#until("the volume is detached", async () => !(await attached()));
    });
  }

  async #removeDroplet(): Promise<void> {
    const droplet = this.#find(DROPLET);
    if (!droplet) return;
    const id = Number(droplet.id);
    await this.#delete(droplet, async () => {
      await this.#untilFree(() => this.cloud.deleteDroplet(id).catch(unlessGone));
      await this.#until(`droplet ${id} is gone`, async () => !(await this.cloud.droplet(id).catch(unlessGone)));
      await this.cloud.deleteTag(markOf(this.config.nodeName)).catch(() => undefined);
    });
  }

  /** Kept in the cloud when it is declared no more; never while it is protected. */
  #dropVolume(): void {
    if (this.#find(VOLUME)?.protect) throw new Error("the volume is protected: it cannot be deleted");
    this.#forget(VOLUME);
  }

  /** Notes it first; a failure is noted too, but for a death. An answer that does not say what came of it is followed by a look. */
  async #create(
    type: string,
    inputs: Record<string, unknown>,
    make: () => Promise<string>,
    found: () => Promise<string | undefined>,
    until: (id: string) => Promise<void> = async () => {},
  ): Promise<string> {
    const { pending_operations } = this.#disk.deployment;
    pending_operations.push({ type: "creating", resource: { ...this.#resource(type), inputs } });
    try {
      const id = await make().catch(async (error: Failure) => {
        const made = isUnclear(error) ? await found() : undefined;
        if (made === undefined) throw explained(type, inputs, error);
        return made;
      });
      // What is made and not finished stays in the state, as the engine has it after a partial failure.
      await until(id).catch((error) => {
        this.#keep(type, id, inputs);
        throw error;
      });
      return id;
    } finally {
      pending_operations.splice(0);
    }
  }

  async #delete(resource: ResourceState, remove: () => Promise<void>): Promise<void> {
    const { pending_operations } = this.#disk.deployment;
    pending_operations.push({ type: "deleting", resource: structuredClone(resource) });
    try {
      await remove();
      this.#forget(resource.type);
    } finally {
      pending_operations.splice(0);
    }
  }

  /** As the official provider: a droplet or volume that is busy is asked again. */
  async #untilFree(ask: () => Promise<unknown>): Promise<void> {
    for (let waited = 0; ; waited += 5) {
      try {
        await ask();
        return;
      } catch (error) {
        const { status, message } = error as Failure;
        if (isUnclear(error as Failure) || /already attached to this droplet/.test(message)) return;
        if (status !== 422 || !/pending event/i.test(message) || waited >= PATIENCE) throw error;
        await this.clock.sleep(5000);
      }
    }
  }

  async #until(what: string, look: () => Promise<boolean>): Promise<void> {
    for (let waited = 0; !(await look()); waited += 5) {
      if (waited >= PATIENCE) throw new UserError("CommandFailed", { reason: `timeout while waiting until ${what}` });
      await this.clock.sleep(5000);
    }
  }

  #find(type: string): ResourceState | undefined {
    return this.#disk.deployment.resources.find((resource) => resource.type === type);
  }

  #resource(type: string): ResourceState {
    return { urn: `urn:pulumi:${this.owner.stack}::windlass::${type}::node`, type, custom: true };
  }

  #keep(type: string, id: string, inputs: Record<string, unknown>, more: Partial<ResourceState> = {}): void {
    this.#forget(type);
    this.#disk.deployment.resources.push({ ...this.#resource(type), id, inputs, outputs: inputs, ...more });
  }

  #forget(type: string): void {
    const { deployment } = this.#disk;
    deployment.resources = deployment.resources.filter((resource) => resource.type !== type);
  }
}

/** The tag that the bundled plugins put on what a create makes, so that a later attempt finds it. */
function markOf(name: string): string {
  return `windlass-urn:${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}

function isUnclear({ status }: Failure): boolean {
  return status !== undefined && (status === 0 || status >= 500);
}

function unlessGone(error: Failure): undefined {
  if (error.status !== 404) throw error;
}

/** As runner/engine/failure.ts words it. */
function explained(
  type: string,
  { size, region, volumeId, dropletId }: Record<string, unknown>,
  error: Failure,
): Error {
  if (type === ATTACHMENT)
    return new UserError("VolumeAttachFailed", { volume_id: volumeId, droplet_id: dropletId, reason: error.message });
  const capacity = /not currently available in region/.test(error.message);
  const reason = capacity ? "Insufficient capacity in region" : error.message;
  return new UserError("ProvisionFailed", { resource: "droplet", size, region, reason, answer: error.message });
}
