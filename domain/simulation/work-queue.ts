import { isWork, type Spell } from "./load.ts";

/** A spell that a node is at. Times in minutes. */
export interface Running {
  spell: Spell;
  begun: number;
  loadedAt: number;
  end: number;
}

/** A node's spells in their order: one at a time, each when it wants to begin or when the one before is done. */
export class WorkQueue {
  readonly #spells: readonly Spell[];
  #next = 0;
  #left: Spell | undefined;

  constructor(spells: readonly Spell[]) {
    this.#spells = spells;
  }

  /** What begins now, on a node whose GPU holds that much already. */
  begin(at: number, residentMiB: number): Running | undefined {
    for (let spell = this.#left ?? this.#spells[this.#next]; spell && spell.start <= at; ) {
      if (this.#left) this.#left = undefined;
      else this.#next++;
      const loadedAt = at + (residentMiB < spell.memoryMiB ? spell.loadMinutes : 0);
      const end = Math.ceil(spell.byTheClock ? spell.start + spell.minutes : loadedAt + spell.minutes);
      if (end > at) return { spell, begun: at, loadedAt: Math.min(loadedAt, end), end };
      spell = this.#spells[this.#next];
    }
    return undefined;
  }

  /** When a stopped node is wanted next; what is no work vanishes with the stop. */
  nextWork(at: number): number {
    if (this.#left) return at;
    for (let spell = this.#spells[this.#next]; spell; spell = this.#spells[++this.#next])
      if (isWork(spell.activity)) return Math.max(at, spell.start);
    return Number.POSITIVE_INFINITY;
  }

  /** Work that a stop cut off goes on afterwards. */
  putBack(spell: Spell, minutes: number): void {
    this.#left = spell.byTheClock ? spell : { ...spell, minutes };
  }
}
