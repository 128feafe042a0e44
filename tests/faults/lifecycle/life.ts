import { UserError } from "../../../domain/errors.ts";
import { type NodePhase, nodePhase } from "../../../domain/node-marker.ts";
import { ownershipTags } from "../../../domain/tags.ts";
import { nodeMarkers } from "../../../runner/lifecycle/markers.ts";
import { resumeNode } from "../../../runner/lifecycle/resume.ts";
import { stopNode } from "../../../runner/lifecycle/stop.ts";
import { collect } from "../../../runner/retention/collect.ts";
import { expireNode } from "../../../runner/retention/expire.ts";
import { sweep } from "../../../runner/retention/sweep.ts";
import { loadConfig } from "../../../stacks/config.ts";
import type { Account, Json } from "./account.ts";
import { type CallFault, MortalProcess } from "./mortal-process.ts";
import { type Disk, DROPLET, StandInStack, VOLUME } from "./stand-in-stack.ts";
import { Witness } from "./witness.ts";

/** One command of a run, chosen among those that fit the node's phase, and what befalls it. */
export interface Step {
  choice: number;
  fault?: CallFault;
  /** What befalls the second attempt; the third has none. */
  faultAgain?: CallFault;
  /** Whether a plain `up`, retention and a sweep come in between, which must not take what the command goes on with. */
  meddled?: boolean;
  /** Whether a stop that was cut short, wherever it was, is not gone on with, but undone by a resume. */
  undone?: boolean;
  /** A rule of the cloud beside or in place of it: an action that errs, or no capacity. */
  cloudFault?: { kind: "errored-action"; actionType: string } | { kind: "capacity"; times: number };
}

/** What a run did: for the counts of a soak. */
export interface Told {
  commands: string[];
  deaths: number;
  failures: number;
  calls: number;
}

type Command = "stop" | "resume" | "gc" | "expire";

const FITTING: Record<NodePhase, readonly Command[]> = {
  running: ["stop", "stop", "stop", "gc"],
  stopping: ["stop"],
  stopped: ["resume", "resume", "expire", "gc"],
  resuming: ["resume"],
  expired: ["resume", "resume", "gc"],
};

const WORK: Record<Command, (stack: StandInStack) => Promise<unknown>> = {
  stop: (stack) => stopNode(stack, { strategy: "snapshot", breakLease: true }),
  resume: (stack) => resumeNode(stack, { breakLease: true }),
  gc: (stack) => collect(stack, { fix: true, breakLease: true }),
  expire: (stack) => expireNode(stack, { breakLease: true }),
};

const OWNER = { project: "fin", stack: "prod", node: "gpu-1" };
const DAY = 86_400;

const CONFIG = loadConfig(
  {
    ...{ project: OWNER.project, nodeName: OWNER.node, volumeName: "fin-data", region: "tor1", volumeSizeGiB: "100" },
    ...{ bootstrap: "false", sshAllowedAddresses: "127.0.0.1/32", fallbackSizes: "gpu-l40sx1-48gb" },
  },
  undefined,
  { stack: OWNER.stack, home: ".windlass" },
);

/** Lives a node's life on a fresh account, step by step; throws an error that says what is wrong after which. */
export async function live(account: Account, steps: readonly Step[]): Promise<Told> {
  await account.reset();
  const life = new Life(account);
  await life.begin();
  for (const step of steps) await life.step(step);
  return life.told;
}

class Life {
  readonly told: Told = { commands: [], deaths: 0, failures: 0, calls: 0 };
  readonly #account: Account;
  readonly #witness: Witness;
  readonly #disk: Disk = { deployment: { resources: [], pending_operations: [] } };

  constructor(account: Account) {
    this.#account = account;
    this.#witness = new Witness(account);
  }

  /** The first `up`, without faults. */
  async begin(): Promise<void> {
    await this.#stack().converge();
    const id = (type: string) => this.#disk.deployment.resources.find((one) => one.type === type)?.id ?? "";
    this.#witness.settle(id(DROPLET), id(VOLUME));
  }

  async step(step: Step): Promise<void> {
    const fitting = FITTING[await this.#phase()];
    let command = fitting[step.choice % fitting.length] as Command;
    this.told.commands.push(command);
    await this.#account.advance(3600);
    if (command === "gc") await this.#leaveThingsLying();
    if (step.cloudFault) await this.#account.control("POST", "faults", { times: 1, ...step.cloudFault });
    await this.#suffer(command, step.fault);
    await this.#account.control("DELETE", "faults");
    await this.#account.advance(60);
    if (step.meddled) await this.#meddle();
    if (step.undone && command === "stop") command = "resume";
    if (step.faultAgain) await this.#suffer(command, step.faultAgain);
    // A new process: recovery, then the same command again.
    const again = this.#stack();
    await again.recover();
    await WORK[command](again);
    await this.#expectWhole(command);
  }

  async #meddle(): Promise<void> {
    const stack = this.#stack();
    await stack.converge();
    await collect(stack, { fix: true, breakLease: true });
    await sweep(stack, { fix: true, breakLease: true, emptyState: true });
  }

  /** The command in a process that may die, or fail, of what befalls it. */
  async #suffer(command: Command, fault: CallFault | undefined): Promise<void> {
    const process = new MortalProcess(this.#account, this.#witness, fault);
    const work = WORK[command](new StandInStack(process, this.#disk, OWNER, CONFIG)).then(
      () => "done" as const,
      (error: Error) => error,
    );
    const end = await Promise.race([work, process.death]);
    this.told.calls += process.calls;
    if (end === "dead") this.told.deaths++;
    else if (end !== "done") {
      this.told.failures++;
      // Whatever goes wrong in the cloud is told as such: anything else is a bug of ours.
      if (!(end instanceof UserError) && end.name !== "ApiError" && !("status" in end)) throw end;
    }
  }

  /** A volume detached eight days ago, and snapshots older than a month, more than are kept. */
  async #leaveThingsLying(): Promise<void> {
    const { call, advance } = this.#account;
    const tags = ownershipTags({ project: OWNER.project, stack: OWNER.stack });
    const region = "tor1";
    const made = { name: `scratch-${this.told.commands.length}`, region, size_gigabytes: 10, tags };
    const { volume } = await call("POST", "/v2/volumes", made);
    const helper = { name: "helper", region, size: "s-1vcpu-1gb", image: "debian-12-x64" };
    const { droplet } = await call("POST", "/v2/droplets", helper);
    await advance(60);
    for (const type of ["attach", "detach"]) {
      await call("POST", `/v2/volumes/${volume.id}/actions`, { type, droplet_id: droplet.id, region });
      await advance(60);
    }
    await call("DELETE", `/v2/droplets/${droplet.id}`);
    for (let i = 0; i < 4; i++)
      await call("POST", `/v2/volumes/${volume.id}/snapshots`, { name: `scratch-old-${i}`, tags });
    await advance(31 * DAY);
  }

  /** Everything that must hold after a command has been through. */
  async #expectWhole(command: Command): Promise<void> {
    const after = `after ${this.told.commands.join(", ")}: `;
    const wrong = [
      ...this.#witness.violations,
      ...(await this.#wrongObjects(command)),
      ...(await this.#wrongBill()),
      ...(await this.#wrongConvergence()),
    ];
    if (wrong.length > 0) throw new Error(after + wrong.join("; "));
  }

  /** Live objects are what the state and the markers say, and the node's data are there. */
  async #wrongObjects(command: Command): Promise<string[]> {
    const { droplets, volumes, snapshots, ssh_keys, tags } = await this.#account.control("GET", "objects");
    const phase = await this.#phase();
    const markers = await nodeMarkers(this.#stack().cloud, OWNER);
    const expected = { stop: "stopped", resume: "running", expire: "expired", gc: phase }[command];
    const wrong = phase === expected ? [] : [`the node is ${phase} after ${command}`];
    const ids = (list: Json[]) => list.map(({ id }) => String(id)).join();
    const state = (type: string) =>
      this.#disk.deployment.resources.flatMap((one) => (one.type === type ? [one.id] : [])).join();
    if (ids(droplets) !== state(DROPLET)) wrong.push(`droplets ${ids(droplets)}, in the state ${state(DROPLET)}`);
    if (ids(volumes) !== state(VOLUME)) wrong.push(`volumes ${ids(volumes)}, in the state ${state(VOLUME)}`);
    if (droplets.length !== (phase === "running" ? 1 : 0)) wrong.push(`${droplets.length} droplets while ${phase}`);
    if (volumes.length !== (phase === "expired" ? 0 : 1)) wrong.push(`${volumes.length} volumes while ${phase}`);
    if (phase === "running" && ids(droplets) !== volumes[0]?.droplet_ids.join())
      wrong.push("the volume is not attached");
    if (phase === "running" && droplets[0]?.status !== "active") wrong.push(`the droplet is ${droplets[0]?.status}`);
    const needed = [
      phase === "stopped" || phase === "expired" ? markers.stopped?.image : undefined,
      markers.expired?.snapshot,
    ];
    for (const id of needed.filter((one) => one !== undefined))
      if (!snapshots.some((one: Json) => one.id === id)) wrong.push(`snapshot ${id} of a marker is gone`);
    const over =
      phase === "running" ? /^windlass-(stopping|stopped|resuming|expired|notice):/ : /^windlass-(stopping|resuming):/;
    const stale = tags.map(({ name }: Json) => name).filter((name: string) => over.test(name));
    if (stale.length > 0) wrong.push(`markers are left: ${stale}`);
    // A gc that finds nothing to do takes no lease, and so takes over none that a dead one left; it ends by itself.
    if (ssh_keys.length > 0 && command !== "gc")
      wrong.push(`leases are left: ${ssh_keys.map(({ name }: Json) => name)}`);
    return wrong;
  }

  /** Nothing is billed that a sweep does not list, and it calls nothing an orphan. */
  async #wrongBill(): Promise<string[]> {
    const report = await sweep(this.#stack());
    const listed = new Set(report.items.map(({ id }) => id));
    const running = this.#account.cloud.bill().resources.filter(({ until }) => until === null);
    const unlisted = running
      .filter(({ id }) => !listed.has(id))
      .map(({ kind, name }) => `${kind} ${name} is billed and not listed`);
    const odd = report.items.filter(({ standing }) => standing === "orphan" || standing === "unclear");
    return [...unlisted, ...odd.map(({ kind, name, standing }) => `${kind} ${name} is ${standing}`)];
  }

  /** The next update has nothing to do. */
  async #wrongConvergence(): Promise<string[]> {
    this.#witness.changes = 0;
    await this.#stack().converge();
    return this.#witness.changes === 0 ? [] : [`the next update makes ${this.#witness.changes} changes`];
  }

  async #phase(): Promise<NodePhase> {
    return nodePhase(await nodeMarkers(this.#stack().cloud, OWNER));
  }

  #stack(): StandInStack {
    return new StandInStack(new MortalProcess(this.#account, this.#witness), this.#disk, OWNER, CONFIG);
  }
}
