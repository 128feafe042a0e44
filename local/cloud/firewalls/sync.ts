import type { FirewallRule, FirewallRules } from "../backend.ts";
import type { CloudState } from "../cloud.ts";
import type { Droplet, Firewall, InboundRule, RulePeers } from "../objects.ts";

/** Droplets whose rules could not be put in force, and why. */
type Failures = Map<number, Error>;

/**
 * Keeps the backend's rules as the firewalls say. It compares what each droplet should have with what it was last given, so it
 * may run at any time; after a restart every droplet is given its rules again. Nothing to do on a backend without machines.
 */
export class FirewallSync {
  #cloud!: CloudState;
  #given = new Map<number, string>();
  #running: Promise<Failures> | undefined;
  #again = false;

  connect(cloud: CloudState): void {
    this.#cloud = cloud;
  }

  /** Something may have changed that rules depend on. */
  changed(): void {
    if (this.#cloud.backend.kind !== "none") this.settle();
  }

  /** Until every droplet has the rules of the moment of the call; answers with those that could not be given theirs. */
  async settle(): Promise<Failures> {
    if (this.#cloud.backend.kind === "none") return new Map();
    this.#again = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  forget(): void {
    this.#given.clear();
  }

  async #run(): Promise<Failures> {
    const failures: Failures = new Map();
    // Begins after the caller has kept the promise, and ends in the same step in which nothing more was asked for.
    await Promise.resolve();
    while (this.#again) {
      this.#again = false;
      const { store, backend } = this.#cloud;
      const firewalls = store.firewalls.list();
      const live = new Set<number>();
      for (const droplet of store.droplets.list()) {
        if (droplet.privateIp === undefined) continue;
        live.add(droplet.id);
        const rules = rulesFor(this.#cloud, droplet, firewalls);
        const text = JSON.stringify(rules);
        if (this.#given.get(droplet.id) === text) continue;
        try {
          await backend.setFirewall(droplet.id, rules);
          this.#given.set(droplet.id, text);
          failures.delete(droplet.id);
        } catch (error) {
          failures.set(droplet.id, error as Error);
          this.#cloud.log(`firewall of droplet ${droplet.id}: ${(error as Error).message}`);
        }
      }
      for (const id of this.#given.keys()) if (!live.has(id)) this.#given.delete(id);
    }
    this.#running = undefined;
    return failures;
  }
}

/** The firewalls that cover a droplet: by its id, or by a tag. */
export function firewallsOf(droplet: Pick<Droplet, "id" | "tags">, firewalls: Firewall[]): Firewall[] {
  return firewalls.filter((f) => f.droplets.includes(droplet.id) || f.tags.some((tag) => droplet.tags.includes(tag)));
}

/** The union of the firewalls of a droplet, sources resolved to addresses; null where none covers it. */
export function rulesFor(cloud: CloudState, droplet: Droplet, firewalls: Firewall[]): FirewallRules | null {
  const own = firewallsOf(droplet, firewalls);
  if (own.length === 0) return null;
  const rule = (r: Pick<InboundRule, "action" | "protocol" | "ports">, peers: RulePeers): FirewallRule => ({
    protocol: r.protocol,
    ports: r.protocol === "icmp" ? "" : r.ports === "0" ? "all" : r.ports,
    cidrs: addresses(cloud, peers),
    ...(r.action === "deny" ? { denied: true } : {}),
  });
  return {
    inbound: own.flatMap((f) => f.inbound.map((r) => rule(r, r.sources))),
    outbound: own.flatMap((f) => f.outbound.map((r) => rule(r, r.destinations))),
  };
}

function addresses({ store }: CloudState, peers: RulePeers): string[] {
  const droplets = (peers.droplet_ids ?? []).map((id) => store.droplets.get(id));
  for (const tag of peers.tags ?? []) droplets.push(...store.droplets.list({ tag }));
  const own = droplets.flatMap((d) => [d?.publicIp, d?.privateIp]).filter((ip) => ip !== undefined);
  return [...new Set([...(peers.addresses ?? []), ...own])];
}
