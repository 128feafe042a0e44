import { CircuitState, type IBreaker } from "cockatiel";
import type { BreakerPolicy } from "./policies.ts";

/** Opens at so many failures within a time, however many calls succeed between them. Times are this machine's. */
export class WindowBreaker implements IBreaker {
  readonly #policy: BreakerPolicy;
  #times: number[] = [];

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
  }

  /** Remembers a failure; calls that were stopped are not noted. */
  note(): void {
    this.#times = [...this.#recent(), Date.now()];
  }

  /** Failures within the window that ends now. */
  get failures(): number {
    return this.#recent().length;
  }

  get state(): unknown {
    return this.#times;
  }

  set state(times: unknown) {
    this.#times = times as number[];
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#times = [];
  }

  failure(): boolean {
    return this.failures >= this.#policy.failures;
  }

  #recent(): number[] {
    const after = Date.now() - this.#policy.withinMs;
    return this.#times.filter((time) => time > after);
  }
}
