import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Breaker, type BreakerStatus, CircuitOpenError, type Verdict } from "./breaker.ts";

const POLICY = { failures: 5, withinMs: 60_000, openMs: 60_000 };

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

class Ended extends Error {
  readonly verdict: Verdict;
  constructor(verdict: Verdict) {
    super(`ended: ${verdict}`);
    this.verdict = verdict;
  }
}

const verdictOf = (error: unknown) => (error as Ended).verdict;
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** Makes a call that ends like this; answers with what the caller saw. */
async function make(breaker: Breaker, ending: Verdict | "success"): Promise<Verdict | "success" | "refused"> {
  const work = async () => {
    if (ending !== "success") throw new Ended(ending);
    return "success" as const;
  };
  return breaker
    .execute(work, verdictOf)
    .catch((error) => (error instanceof CircuitOpenError ? "refused" : verdictOf(error)));
}

async function opened(onChange?: (status: BreakerStatus) => void): Promise<Breaker> {
  const breaker = new Breaker("s3", "store:9000", POLICY, onChange);
  for (let count = 0; count < 5; count++) await make(breaker, "failure");
  return breaker;
}

/** The state machine as it is described, without a library. */
class Model {
  failures: number[] = [];
  openedAt: number | undefined;

  get state() {
    if (this.openedAt === undefined) return "closed";
    return Date.now() < this.openedAt + POLICY.openMs ? "open" : "half-open";
  }

  get recent() {
    return this.failures.filter((at) => at > Date.now() - POLICY.withinMs).length;
  }

  make(ending: Verdict | "success") {
    const { state } = this;
    if (state === "open") return "refused";
    if (ending === "failure") this.failures.push(Date.now());
    if (state === "half-open") {
      const closes = ending === "success" || ending === "answered";
      this.openedAt = closes ? undefined : Date.now();
      if (closes) this.failures = [];
    } else if (ending === "failure" && this.recent >= POLICY.failures) this.openedAt = Date.now();
    return ending;
  }

  reset() {
    this.failures = [];
    this.openedAt = undefined;
  }
}

type Step = Verdict | "success" | "reset" | { pass: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant("failure" as const) },
  { weight: 3, arbitrary: fc.constantFrom("success", "answered", "stopped") },
  { weight: 1, arbitrary: fc.constant("reset" as const) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(0, 1, 12_000, 59_999, 60_000, 60_000, 60_001).map((pass) => ({ pass })),
  },
);

test("any history of calls, pauses and resets goes as the model says", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 100, size: "max" }), async (history) => {
      const breaker = new Breaker("s3", "store:9000", POLICY);
      const model = new Model();
      for (const step of history) {
        if (typeof step === "object") pass(step.pass);
        else if (step === "reset") {
          breaker.reset();
          model.reset();
        } else expect(await make(breaker, step)).toBe(model.make(step));
        expect(breaker.status().state).toBe(model.state);
        if (model.state === "closed") expect(breaker.status().failures).toBe(model.recent);
        seen.add(model.state);
      }
    }),
    { numRuns: 500 },
  );
  expect([...seen].sort()).toEqual(["closed", "half-open", "open"]);
});

test("one probe is under way at a time: the calls beside it wait, and go where it led", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 20 }), fc.boolean(), async (callers, well) => {
      const breaker = await opened();
      pass(60_000);
      let made = 0;
      const probe = Promise.withResolvers<void>();
      const calls = Array.from({ length: callers }, () =>
        breaker
          .execute(async () => {
            made++;
            await probe.promise;
          }, verdictOf)
          .then(
            () => "success",
            (error) => (error instanceof CircuitOpenError ? "refused" : verdictOf(error)),
          ),
      );
      await new Promise((resolve) => setImmediate(resolve));
      expect(made).toBe(1);
      if (well) probe.resolve();
      else probe.reject(new Ended("failure"));
      const ends = await Promise.all(calls);
      expect(made).toBe(well ? callers : 1);
      expect(ends.slice(1)).toEqual(Array(callers - 1).fill(well ? "success" : "refused"));
      expect(breaker.status().state).toBe(well ? "closed" : "open");
    }),
    { numRuns: 50 },
  );
});

test("a probe that is stopped shows nothing: the circuit stays open for another minute", async () => {
  const breaker = await opened();
  pass(60_000);
  expect(await make(breaker, "stopped")).toBe("stopped");
  expect(breaker.status()).toMatchObject({ state: "open", probeAt: Date.now() + 60_000 });
  expect(await make(breaker, "success")).toBe("refused");
});

test("five failures within 60 s open it, four or five in longer do not", async () => {
  const breaker = new Breaker("s3", "store:9000", POLICY);
  for (let count = 0; count < 12; count++) {
    await make(breaker, "failure");
    pass(15_001);
  }
  expect(breaker.status()).toMatchObject({ state: "closed", failures: 3, counts: { failed: 12, opened: 0 } });
  await make(breaker, "failure");
  expect(breaker.status().state).toBe("closed");
  await make(breaker, "failure");
  expect(breaker.status()).toMatchObject({ state: "open", failures: 5, probeAt: Date.now() + 60_000 });
});

test("a refused call says who failed, for how long and why, and shows no secret", async () => {
  const breaker = new Breaker("digitalocean", "api.digitalocean.com", POLICY);
  const token = `dop_v1_${"a1".repeat(32)}`;
  const fail = async () => {
    throw new Error(`no answer to Bearer ${token}`);
  };
  for (let count = 0; count < 5; count++) await breaker.execute(fail, () => "failure").catch(() => undefined);
  pass(18_500);
  const error = await breaker.execute(fail, () => "failure").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CircuitOpenError);
  expect(error).toMatchObject({ service: "digitalocean", destination: "api.digitalocean.com", waitMs: 41_500 });
  expect(String(error)).toContain(
    "api.digitalocean.com failed too often and is not asked again for 42 s (last: no answer",
  );
  expect(JSON.stringify(breaker.status()) + String(error)).not.toContain(token);
  expect(breaker.status().counts).toMatchObject({ failed: 5, refused: 1, opened: 1 });
});

test("every change is told: open, probe, open again, probe, closed; and the reset by hand", async () => {
  const told: string[] = [];
  const breaker = await opened(({ state }) => told.push(state));
  pass(60_000);
  await make(breaker, "failure");
  pass(60_000);
  await make(breaker, "success");
  expect(told).toEqual(["open", "half-open", "open", "half-open", "closed"]);
  for (let count = 0; count < 5; count++) await make(breaker, "failure");
  breaker.reset();
  expect(told.slice(5)).toEqual(["open", "closed"]);
  expect(await make(breaker, "success")).toBe("success");
});

test("a failure that was under way at the reset does not open the new circuit", async () => {
  const breaker = new Breaker("s3", "store:9000", POLICY);
  for (let count = 0; count < 4; count++) await make(breaker, "failure");
  const late = Promise.withResolvers<void>();
  const call = breaker.execute(() => late.promise, verdictOf).catch(verdictOf);
  breaker.reset();
  late.reject(new Ended("failure"));
  expect(await call).toBe("failure");
  expect(breaker.status()).toMatchObject({ state: "closed", failures: 0 });
});
