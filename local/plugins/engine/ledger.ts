/**
 * What the engine has let be known about the state during one command. A create that is a replacement must not take
 * the object it replaces for one that an interrupted attempt has left.
 */
export class Ledger {
  readonly #ids = new Map<string, Set<string>>();
  readonly #inState = new Set<string>();
  readonly #adopted = new Set<string>();

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

  /** A create has taken the object for one that an interrupted attempt had left. */
  adopted(urn: string, id: string): void {
    this.#adopted.add(`${urn} ${id}`);
  }

  /**
   * Whether a create of this command has adopted the object. When the engine then deletes it, it was recorded after all:
   * `pulumi up --replace` does not let providers see the state.
   */
  wasAdopted(urn: string, id: string): boolean {
    return this.#adopted.has(`${urn} ${id}`);
  }
}
