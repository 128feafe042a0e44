import type { ActionQueue } from "./actions.ts";
import type { Backend } from "./backend.ts";
import type { Catalog } from "./catalog/catalog.ts";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { FirewallSync } from "./firewalls/sync.ts";
import type { Store } from "./store.ts";

/** What the rules of every family work with. */
export interface CloudState {
  readonly store: Store;
  readonly clock: Clock;
  readonly actions: ActionQueue;
  readonly faults: Faults;
  readonly backend: Backend;
  readonly catalog: Catalog;
  readonly firewalls: FirewallSync;
  /** What links start with. */
  origin: string;
  /** Durations as a multiple of DigitalOcean's; 0 = as soon as the work is done. */
  readonly actionScale: number;
  log(line: string): void;
}

/** Where the sequences of numeric ids start: of the size that DigitalOcean's have, so that nothing depends on small ones. */
export const FIRST_ID = { droplet: 512_000_001, action: 1_900_000_001, image: 210_000_001, key: 51_000_001, meter: 1 };
