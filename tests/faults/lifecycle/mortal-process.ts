import { type DigitalOcean, digitalOcean } from "../../../clients/digitalocean/index.ts";
import { Breakers } from "../../../clients/resilience/index.ts";
import type { CloudClock } from "../../../runner/clock.ts";
import type { Account } from "./account.ts";
import type { Witness } from "./witness.ts";

/** What befalls a process at one of its calls, counted from 1. */
export interface CallFault {
  at: number;
  /**
   * `kill`: the call never returns, nor does anything else of the process, as after `kill -9`. `status`: an error is answered. `lost`: the
   * connection breaks.
   */
  kind: "kill" | "status" | "lost";
  /** Whether the cloud has done what was asked for. */
  committed: boolean;
  status: 429 | 500 | 503;
  /** How many calls in a row it strikes. */
  times: number;
}

/** Never settles: what a dead process waits for. */
const NEVER = new Promise<never>(() => {});

/** One process of ours with its own client of the cloud, which may die at any call. */
export class MortalProcess {
  readonly cloud: DigitalOcean;
  readonly clock: CloudClock;
  /** Resolves when it has died. */
  readonly death: Promise<"dead">;
  /** Calls made so far. */
  calls = 0;
  readonly #account: Account;
  readonly #witness: Witness;
  readonly #fault: CallFault | undefined;
  #alive = true;
  #die: () => void = () => {};

  constructor(account: Account, witness: Witness, fault?: CallFault) {
    this.#account = account;
    this.#witness = witness;
    this.#fault = fault;
    this.death = new Promise((resolve) => {
      this.#die = () => resolve("dead");
    });
    this.cloud = digitalOcean({
      token: account.cloud.token,
      url: account.cloud.url,
      retryDelaysMs: [0, 0, 0],
      breakers: new Breakers(),
      fetch: (input, init) => this.#fetch(input as URL, init ?? {}),
    });
    this.clock = {
      now: async () => (this.#alive ? account.now() : NEVER),
      sleep: async (milliseconds) => {
        if (!this.#alive) return NEVER;
        await account.advance(milliseconds / 1000);
        return this.#alive ? undefined : NEVER;
      },
    };
  }

  /** A call with a body, for what the client has no function for. Throws an error with `status`; 0 where no answer came. */
  async send(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${this.#account.cloud.token}`, "content-type": "application/json" };
    const url = new URL(path, this.#account.cloud.url);
    const response = await this.#fetch(url, { method, headers, body: JSON.stringify(body) }).catch((cause) => {
      throw Object.assign(new Error(`${method} ${path}: no answer`, { cause }), { status: 0 });
    });
    const text = await response.text();
    if (!response.ok) throw Object.assign(new Error(`${method} ${path}: ${text}`), { status: response.status });
    return JSON.parse(text) as Record<string, unknown>;
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    if (!this.#alive) return NEVER;
    const number = ++this.calls;
    const fault = this.#fault;
    const struck = fault !== undefined && number >= fault.at && number < fault.at + (fault.times || 1);
    if (struck && !fault.committed) return this.#strike(fault);
    await this.#witness.before(init.method ?? "GET", url, init.body);
    const response = await fetch(url, { ...init, signal: null });
    const text = await response.text();
    this.#witness.after(init.method ?? "GET", url, response.status, text);
    if (!this.#alive) return NEVER;
    if (struck) return this.#strike(fault);
    return new Response(text === "" ? null : text, { status: response.status, headers: response.headers });
  }

  #strike({ kind, status }: CallFault): Promise<Response> | Response {
    if (kind === "lost") throw new TypeError("fetch failed");
    if (kind === "status") {
      const body = JSON.stringify({ id: "fault", message: "a fault of the test" });
      return new Response(body, { status, headers: { "content-type": "application/json" } });
    }
    this.#alive = false;
    this.#die();
    return NEVER;
  }
}
