import { randomUUID } from "node:crypto";
import type { FaultRule } from "./objects.ts";
import type { Store } from "./store.ts";

/** What a rule may be, and what it needs besides. The first five act on a request, the others on what a request does. */
export const FAULT_KINDS: Record<string, readonly (keyof FaultRule)[]> = {
  /** Answered before anything happens. */
  status: ["status"],
  /** The change is made, then that status is answered. */
  "status-after-commit": ["status"],
  /** The connection is cut before anything happens. */
  drop: [],
  /** The change is made, then the connection is cut. */
  "drop-after-commit": [],
  /** The request waits, in the machine's time. */
  delay: ["seconds"],
  /** Creating a droplet (of `size`, in `region`, where given) answers as DigitalOcean does when it has none left. */
  capacity: [],
  /** The action stays in progress until the rules are deleted. */
  "stuck-action": [],
  "errored-action": [],
  /** The droplet becomes active, but its sshd never starts. */
  "ssh-down": [],
};

const REQUEST_KINDS = new Set(["status", "status-after-commit", "drop", "drop-after-commit", "delay"]);

/** The rules for what shall go wrong. They are in the store, so that a kill does not end a fault. */
export class Faults {
  readonly #store: Store;
  #rules: FaultRule[];
  #struck = false;

  constructor(store: Store) {
    this.#store = store;
    this.#rules = store.faults.list();
  }

  /** @throws Error that says what is wrong with the rule. */
  add(input: Record<string, unknown>): FaultRule {
    const kind = String(input["kind"]);
    const needs = FAULT_KINDS[kind];
    if (!needs) throw new Error(`kind: unknown "${kind}"; one of ${Object.keys(FAULT_KINDS).join(", ")}`);
    for (const field of needs)
      if (typeof input[field] !== "number") throw new Error(`${field}: a number is needed for kind "${kind}"`);
    if (input["path"] !== undefined) new RegExp(String(input["path"]));
    const rule = { times: 1, ...input, id: randomUUID(), kind, hits: 0 } as FaultRule;
    this.#rules.push(rule);
    return this.#store.faults.put(rule);
  }

  list(): FaultRule[] {
    return this.#rules;
  }

  /** One rule, or all of them. */
  remove(id?: string): void {
    for (const rule of this.#rules) if (id === undefined || rule.id === id) this.#store.faults.delete(rule.id);
    this.reload();
  }

  reload(): void {
    this.#rules = this.#store.faults.list();
  }

  /** Keeps the counts. Outside the request's transaction: a fault that made it fail has struck all the same. */
  save(): void {
    if (!this.#struck) return;
    this.#struck = false;
    this.#store.transaction(() => {
      for (const rule of this.#rules) this.#store.faults.put(rule);
    });
  }

  /** The rules that strike this request. */
  forRequest(method: string, path: string): FaultRule[] {
    if (this.#rules.length === 0) return [];
    return this.#rules.filter(
      (rule) =>
        REQUEST_KINDS.has(rule.kind) &&
        (!rule.method || rule.method.toUpperCase() === method) &&
        (!rule.path || new RegExp(rule.path).test(path)) &&
        this.#strike(rule),
    );
  }

  /** Whether a new action of this type shall hang or fail. */
  forAction(type: string): "stuck" | "errored" | undefined {
    const rule = this.#rules.find(
      (r) =>
        (r.kind === "stuck-action" || r.kind === "errored-action") &&
        (!r.actionType || r.actionType === type) &&
        this.#strike(r),
    );
    return rule && (rule.kind === "stuck-action" ? "stuck" : "errored");
  }

  /** Whether there is no room for a droplet of this size here. */
  capacityGone(size: string, region: string): boolean {
    return this.#rules.some(
      (r) =>
        r.kind === "capacity" && (!r.size || r.size === size) && (!r.region || r.region === region) && this.#strike(r),
    );
  }

  sshDown(): boolean {
    return this.#rules.some((r) => r.kind === "ssh-down" && this.#strike(r));
  }

  /** Counts a use; a rule that is used up, or that chance spares, does not strike. */
  #strike(rule: FaultRule): boolean {
    if (rule.times !== 0 && rule.hits >= rule.times) return false;
    if (rule.probability !== undefined && Math.random() >= rule.probability) return false;
    rule.hits++;
    this.#struck = true;
    return true;
  }
}
