/**
 * What the engine has let be known about the state during one command. A create that is a replacement must not take
 * the object it replaces for one that an interrupted attempt has left.
 */
export class Ledger {
  readonly #ids = new Map<string, Set<string>>();
  readonly #inState = new Set<string>();

  /** The state has this object for the resource. */
  sawId(urn: string, id: string): void {
    const ids = this.#ids.get(urn) ?? new Set();
    this.#ids.set(urn, ids.add(id));
  }

  /** The state has the resource; which object it is, is not said. */
  sawState(urn: string): void {
    this.#inState.add(urn);
  }

  /** Whether the state has, or may have, this object for the resource. */
  isRecorded(urn: string, id: string): boolean {
    const ids = this.#ids.get(urn);
    return ids ? ids.has(id) : this.#inState.has(urn);
  }
}
