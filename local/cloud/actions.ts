import { durationSeconds } from "./action-times.ts";
import { timestamp } from "./clock.ts";
import { type CloudState, FIRST_ID } from "./cloud.ts";
import type { Action } from "./objects.ts";

/** How one kind of action is done. */
export interface ActionKind {
  /** The work behind it. It is repeated after a kill, so it must be idempotent. A rejection makes the action `errored`. */
  effect?(action: Action): Promise<unknown>;
  /** Changes the objects, in the transaction that completes the action. `result` is what `effect` resolved to. */
  finish(action: Action, result: unknown): void;
  /** Changes the objects when it errored. */
  fail?(action: Action): void;
}

/** What an action is about. */
export interface ActionStart {
  kind: string;
  type?: string;
  visible?: boolean;
  region?: string | null;
  resourceType?: Action["resourceType"];
  resourceId?: number | null;
  droplet?: number;
  volume?: string;
  image?: number;
  ip?: string;
  keys: string[];
  after?: string[];
  params?: Record<string, unknown>;
  /** GiB in use, for what takes longer the more there is. */
  usedGiB?: number;
  gpu?: boolean;
}

/** What the cloud does on its own is tried again this often, with growing pauses, before it is left for the next start. */
const HIDDEN_RETRIES = 5;

/**
 * The queue of actions. The rows are in the store, begun in the transaction of the request; here they are run: first the
 * backend's work, in order among actions that share a key, then the wait until the action is due, then the end in one transaction.
 */
export class ActionQueue {
  readonly #kinds = new Map<string, ActionKind>();
  readonly #tails = new Map<string, Promise<void>>();
  readonly #working = new Set<Promise<void>>();
  /** Work done, waiting for their time, the next one first. */
  readonly #waiting: { action: Action; result: unknown }[] = [];
  #begun: Action[] = [];
  #timer: NodeJS.Timeout | undefined;
  #cloud!: CloudState;
  #generation = 0;

  /** Wired after construction, because the kinds need the cloud and the cloud has the queue. */
  connect(cloud: CloudState, kinds: Record<string, ActionKind>): void {
    this.#cloud = cloud;
    for (const [name, kind] of Object.entries(kinds)) this.#kinds.set(name, kind);
  }

  /** Begins an action inside the running transaction; it starts to work when that is committed (`kick`). */
  begin(start: ActionStart): Action {
    const { store, clock, actionScale, faults } = this.#cloud;
    const now = clock.now();
    const visible = start.visible !== false;
    const type = start.type ?? start.kind;
    const fault = visible ? faults.forAction(type) : undefined;
    const seconds = durationSeconds(start.kind, start) * actionScale;
    const action: Action = {
      id: store.nextId("action", FIRST_ID.action),
      kind: start.kind,
      type,
      visible: visible ? 1 : 0,
      status: "in-progress",
      startedAt: timestamp(now),
      completedAt: null,
      due: now + seconds * 1000,
      region: start.region ?? null,
      resourceType: start.resourceType ?? "none",
      resourceId: start.resourceId ?? null,
      ...(start.droplet !== undefined && { droplet: start.droplet }),
      ...(start.volume !== undefined && { volume: start.volume }),
      ...(start.image !== undefined && { image: start.image }),
      ...(start.ip !== undefined && { ip: start.ip }),
      keys: start.keys,
      after: start.after ?? [],
      params: start.params ?? {},
      ...(fault && { fault }),
    };
    this.#begun.push(action);
    return store.actions.put(action);
  }

  /** Starts what the last transaction began; after a rollback there is nothing to start. */
  kick(committed: boolean): void {
    if (this.#begun.length === 0) return;
    const begun = this.#begun;
    this.#begun = [];
    if (committed) for (const action of begun) this.#start(action);
  }

  /** Takes up what an earlier process left open, in its order. */
  resume(): void {
    for (const action of this.#cloud.store.actions.list({ status: "in-progress" })) this.#start(action);
  }

  /** Moves a driven clock: everything due until then ends in its order, at its time. */
  async advance(seconds: number): Promise<void> {
    const { clock } = this.#cloud;
    const target = clock.now() + seconds * 1000;
    await this.idle();
    for (let next = this.#waiting[0]; next && next.action.due <= target; next = this.#waiting[0]) {
      clock.moveTo(next.action.due);
      this.#completeDue();
      await this.idle();
    }
    clock.moveTo(target);
    this.#completeDue();
  }

  /** Until no backend work runs. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** Forgets what waits and lets work that runs end without effect on the store. */
  stop(): void {
    this.#generation++;
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  /** Lets stuck actions go on; they end as if nothing had held them. */
  releaseStuck(): void {
    const stuck = this.#cloud.store.actions.list({ status: "in-progress" }).filter((a) => a.fault === "stuck");
    for (const action of stuck) {
      delete action.fault;
      this.#cloud.store.actions.put(action);
      this.#start(action);
    }
  }

  /** The clock was set: what is due may have changed. */
  clockChanged(): void {
    this.#completeDue();
  }

  #start(action: Action): void {
    if (action.fault === "stuck") return;
    const kind = this.#kinds.get(action.kind);
    if (!kind) throw new Error(`no such kind of action: ${action.kind}`);
    const generation = this.#generation;
    const before = [...action.keys, ...action.after].map((key) => this.#tails.get(key)).filter((p) => p !== undefined);
    const effect = action.fault === "errored" ? refuse : kind.effect;
    const work = this.#work(action, effect?.bind(kind), before).then(
      (result) => generation === this.#generation && this.#wait(action, result),
      (error: Error) => generation === this.#generation && this.#fail(action, kind, error),
    ) as Promise<unknown> as Promise<void>;
    this.#working.add(work);
    for (const key of action.keys) this.#tails.set(key, work);
    work.finally(() => {
      this.#working.delete(work);
      for (const key of action.keys) if (this.#tails.get(key) === work) this.#tails.delete(key);
    });
  }

  async #work(action: Action, effect: ActionKind["effect"], before: Promise<void>[]): Promise<unknown> {
    if (before.length > 0) await Promise.all(before);
    for (let attempt = 1; ; attempt++) {
      try {
        return await effect?.(action);
      } catch (error) {
        if (action.visible || attempt > HIDDEN_RETRIES) throw error;
        this.#cloud.log(`${action.kind}: ${(error as Error).message}; trying again`);
        await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
      }
    }
  }

  #wait(action: Action, result: unknown): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as { action: Action }).action.due > action.due) at--;
    this.#waiting.splice(at, 0, { action, result });
    this.#completeDue();
  }

  #completeDue(): void {
    const { clock } = this.#cloud;
    for (let next = this.#waiting[0]; next && next.action.due <= clock.now(); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#complete(next.action, next.result);
    }
    clearTimeout(this.#timer);
    const wait = clock.until(this.#waiting[0]?.action.due ?? Number.POSITIVE_INFINITY);
    if (wait < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#completeDue(), Math.min(wait + 1, 2 ** 31 - 1));
  }

  #complete(action: Action, result: unknown): void {
    const kind = this.#kinds.get(action.kind) as ActionKind;
    try {
      this.#end(action, "completed", () => kind.finish(action, result));
    } catch (error) {
      this.#fail(action, kind, error as Error);
    }
  }

  #fail(action: Action, kind: ActionKind, error: Error): void {
    this.#cloud.log(`action ${action.id} (${action.type}) failed: ${error.stack ?? error.message}`);
    if (action.visible) this.#end({ ...action, failure: error.message }, "errored", () => kind.fail?.(action));
  }

  /** One transaction: the objects as they are now, the lock gone, the action ended. */
  #end(action: Action, status: "completed" | "errored", change: () => void): void {
    const { store, clock, firewalls } = this.#cloud;
    let committed = false;
    try {
      store.transaction(() => {
        change();
        if (action.droplet !== undefined) this.#unlock(action.droplet, action.id);
        if (!action.visible) return store.actions.delete(action.id);
        store.actions.put({ ...action, status, completedAt: timestamp(clock.now()) });
      });
      committed = true;
    } finally {
      this.kick(committed);
    }
    firewalls.changed();
  }

  #unlock(dropletId: number, actionId: number): void {
    const droplet = this.#cloud.store.droplets.get(dropletId);
    if (droplet?.pending === actionId) this.#cloud.store.droplets.put({ ...droplet, pending: null });
  }
}

async function refuse(): Promise<never> {
  throw new Error("a fault rule asked for it");
}
