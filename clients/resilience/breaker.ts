import { type CircuitBreakerPolicy, circuitBreaker, handleWhen, isBrokenCircuitError } from "cockatiel";
import { redact } from "../../domain/redaction.ts";
import type { BreakerPolicy } from "./policies.ts";
import { WindowBreaker } from "./window-breaker.ts";

/** What the next call meets: it is made, refused, or made as the probe that decides. */
export type CircuitState = "closed" | "open" | "half-open";

/** A breaker as it stands. */
export interface BreakerStatus {
  /** Kind of the calls, such as `digitalocean`. */
  service: string;
  /** Host and port. */
  destination: string;
  state: CircuitState;
  /** Failures within the last minute (`BreakerPolicy.withinMs`). */
  failures: number;
  /** Milliseconds since 1970; undefined where it is closed. */
  openedAt?: number;
  /** From when on a probe is let through; undefined where it is closed. */
  probeAt?: number;
  /** Why the last failure failed, without secrets. */
  lastFailure?: string;
  /** Since this process runs. */
  counts: { succeeded: number; failed: number; refused: number; retried: number; opened: number };
}

/** The call was not made: the destination failed too often. */
export class CircuitOpenError extends Error {
  readonly service: string;
  readonly destination: string;
  /** Milliseconds until a call is let through again. */
  readonly waitMs: number;

  constructor({ service, destination, lastFailure }: BreakerStatus, waitMs: number) {
    const last = lastFailure === undefined ? "" : ` (last: ${lastFailure})`;
    super(`${destination} failed too often and is not asked again for ${Math.ceil(waitMs / 1000)} s${last}`);
    this.name = "CircuitOpenError";
    this.service = service;
    this.destination = destination;
    this.waitMs = waitMs;
  }
}

/** How a call ended that did not succeed: only a `failure` counts; a call that was stopped says nothing of the service. */
export type Verdict = "failure" | "answered" | "stopped";

/** An error on its way through the circuit, with what it means. */
class Judged extends Error {
  readonly verdict: Verdict;

  constructor(cause: unknown, verdict: Verdict) {
    super("judged", { cause });
    this.verdict = verdict;
  }
}

/** One circuit breaker: closed, open, half-open with one probe; the calls that come while a probe is under way wait for what it shows. */
export class Breaker {
  readonly #service: string;
  readonly #destination: string;
  readonly #policy: BreakerPolicy;
  readonly #onChange: (status: BreakerStatus) => void;
  readonly #counts = { succeeded: 0, failed: 0, refused: 0, retried: 0, opened: 0 };
  #circuit: CircuitBreakerPolicy;
  #window: WindowBreaker;
  #openedAt: number | undefined;
  #lastFailure: string | undefined;

  constructor(
    service: string,
    destination: string,
    policy: BreakerPolicy,
    onChange: (status: BreakerStatus) => void = () => undefined,
  ) {
    this.#service = service;
    this.#destination = destination;
    this.#policy = policy;
    this.#onChange = onChange;
    [this.#circuit, this.#window] = this.#closed();
  }

  /** Makes the call, or throws `CircuitOpenError` where it is not to be made. */
  async execute<T>(work: () => Promise<T>, verdict: (error: unknown) => Verdict, signal?: AbortSignal): Promise<T> {
    const judged = async () => {
      try {
        return await work();
      } catch (error) {
        throw new Judged(error, verdict(error));
      }
    };
    try {
      const value = await this.#circuit.execute(judged, signal);
      this.#counts.succeeded++;
      return value;
    } catch (error) {
      if (isBrokenCircuitError(error)) throw this.#refusal();
      if (!(error instanceof Judged)) throw error;
      if (error.verdict === "failure") this.#counts.failed++;
      throw error.cause;
    }
  }

  retried(): void {
    this.#counts.retried++;
  }

  /** Closes it by hand and forgets its failures; what is under way on the old circuit ends there. */
  reset(): void {
    [this.#circuit, this.#window] = this.#closed();
    this.#openedAt = undefined;
    this.#onChange(this.status());
  }

  status(): BreakerStatus {
    const probeAt = this.#openedAt === undefined ? undefined : this.#openedAt + this.#policy.openMs;
    return {
      service: this.#service,
      destination: this.#destination,
      state: probeAt === undefined ? "closed" : Date.now() < probeAt ? "open" : "half-open",
      failures: this.#window.failures,
      ...(this.#openedAt === undefined ? {} : { openedAt: this.#openedAt }),
      ...(probeAt === undefined ? {} : { probeAt }),
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      counts: { ...this.#counts },
    };
  }

  #refusal(): CircuitOpenError {
    this.#counts.refused++;
    const status = this.status();
    return new CircuitOpenError(status, Math.max(0, (status.probeAt ?? 0) - Date.now()));
  }

  #closed(): [CircuitBreakerPolicy, WindowBreaker] {
    const window = new WindowBreaker(this.#policy);
    // A probe that was stopped shows nothing: it must not close the circuit, and does not count either.
    const failures = handleWhen((error) => {
      if (!(error instanceof Judged) || error.verdict === "answered") return false;
      if (error.verdict === "stopped") return true;
      window.note();
      this.#lastFailure = redact(error.cause instanceof Error ? error.cause.message : String(error.cause));
      return true;
    });
    const circuit = circuitBreaker(failures, { halfOpenAfter: this.#policy.openMs, breaker: window });
    circuit.onBreak(() => {
      if (this.#circuit !== circuit) return;
      this.#openedAt = Date.now();
      this.#counts.opened++;
      this.#onChange(this.status());
    });
    circuit.onHalfOpen(() => this.#circuit === circuit && this.#onChange(this.status()));
    circuit.onReset(() => {
      if (this.#circuit !== circuit) return;
      this.#openedAt = undefined;
      this.#onChange(this.status());
    });
    return [circuit, window];
  }
}
