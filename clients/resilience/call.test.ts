import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Breakers, type Call, CircuitOpenError, call, POLICIES, retryScale } from "./index.ts";

class Down extends Error {
  readonly retryAfterMs: number | undefined;
  constructor(retryAfterMs?: number) {
    super("down");
    this.retryAfterMs = retryAfterMs;
  }
}
class Refusal extends Error {}

const judge = (error: unknown) => ({
  retry: error instanceof Down,
  failure: error instanceof Down,
  retryAfterMs: error instanceof Down ? error.retryAfterMs : undefined,
});

let own: Breakers;
beforeEach(() => {
  vi.stubEnv("WINDLASS_RETRY_SCALE", undefined);
  own = new Breakers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const options = <T>(more: Partial<Call<T>> = {}): Call<T> => ({
  destination: "there:1",
  judge,
  breakers: own,
  ...more,
});
const quick = { retryDelaysMs: [0, 0, 0] };

/** Milliseconds at which the tries begin, on a clock that is wound on. */
async function triesAt(work: () => Promise<unknown>, kind: keyof typeof POLICIES = "digitalocean"): Promise<number[]> {
  vi.useFakeTimers({ now: 0 });
  const tries: number[] = [];
  const calling = call(kind, options(), () => {
    tries.push(Date.now());
    return work();
  }).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(300_000);
  await calling;
  return tries;
}

describe("retries", () => {
  test.each([
    ["digitalocean", [2000, 4000, 8000]],
    ["slack", [2000, 4000, 8000]],
    ["mail", [2000, 4000, 8000]],
    ["prometheus", [1000, 2000, 4000]],
    ["s3", [1000, 2000, 4000]],
  ] as const)("%s is tried again after %j ms, and at most a quarter later", async (kind, delays) => {
    const tries = await triesAt(() => Promise.reject(new Down()), kind);
    expect(tries).toHaveLength(4);
    for (const [index, delay] of delays.entries()) {
      const waited = (tries[index + 1] ?? 0) - (tries[index] ?? 0);
      expect(waited).toBeGreaterThanOrEqual(Math.floor(delay));
      expect(waited).toBeLessThanOrEqual(Math.ceil(delay * 1.25));
    }
  });

  test("the waits differ from call to call", async () => {
    const waits = new Set<number>();
    for (let count = 0; count < 5; count++) waits.add((await triesAt(() => Promise.reject(new Down())))[1] as number);
    expect(waits.size).toBeGreaterThan(1);
  });

  test("a Retry-After that is longer than the delay is waited for, one beyond a minute is not", async () => {
    let count = 0;
    const tries = await triesAt(() => (count++ === 0 ? Promise.reject(new Down(30_000)) : Promise.resolve()));
    expect(tries).toEqual([0, 30_000]);
    expect(await triesAt(() => Promise.reject(new Down(60_001)))).toEqual([0]);
  });

  test("WINDLASS_RETRY_SCALE shortens the waits, and the breaker's times", async () => {
    vi.stubEnv("WINDLASS_RETRY_SCALE", "0.01");
    expect(retryScale()).toBe(0.01);
    const tries = await triesAt(() => Promise.reject(new Down()));
    expect(tries).toHaveLength(4);
    expect(tries[3]).toBeLessThanOrEqual(175);
    vi.useFakeTimers({ now: 0 });
    for (let count = 0; count < 5; count++)
      await call("s3", options({ retryDelaysMs: [] }), () => Promise.reject(new Down())).catch(() => undefined);
    expect(own.list().find(({ service }) => service === "s3")).toMatchObject({ state: "open", probeAt: 600 });
  });

  test("what was refused is not tried again", async () => {
    expect(await triesAt(() => Promise.reject(new Refusal()))).toEqual([0]);
  });
});

describe("circuit", () => {
  const fail = () => call("s3", options(quick), () => Promise.reject(new Down())).catch((error: unknown) => error);

  test("a call that comes through at its fourth try is no failure; five that do not are", async () => {
    let tries = 0;
    const lucky = () =>
      call("s3", options(quick), async () => void (tries++ % 4 < 3 && (await Promise.reject(new Down()))));
    for (let count = 0; count < 8; count++) await lucky();
    expect(own.list()).toMatchObject([{ state: "closed", failures: 0, counts: { succeeded: 8, retried: 24 } }]);
    for (let count = 0; count < 5; count++) expect(await fail()).toBeInstanceOf(Down);
    expect(await fail()).toBeInstanceOf(CircuitOpenError);
    expect(own.list()).toMatchObject([{ state: "open", counts: { failed: 5, refused: 1 } }]);
  });

  test("refusals are answers: a hundred wrong keys open nothing", async () => {
    for (let count = 0; count < 100; count++)
      await expect(call("s3", options(quick), () => Promise.reject(new Refusal()))).rejects.toBeInstanceOf(Refusal);
    expect(own.list()).toMatchObject([{ state: "closed", failures: 0 }]);
  });

  test("one destination does not open another, nor another kind of call", async () => {
    for (let count = 0; count < 5; count++) await fail();
    await call("s3", options({ destination: "there:2" }), async () => undefined);
    await call("slack", options(), async () => undefined);
    expect(own.list().map(({ service, destination, state }) => [service, destination, state])).toEqual([
      ["s3", "there:1", "open"],
      ["s3", "there:2", "closed"],
      ["slack", "there:1", "closed"],
    ]);
  });

  test("the client's own error stands for the refused call", async () => {
    for (let count = 0; count < 5; count++) await fail();
    const refused = (error: CircuitOpenError) => new Refusal(`ours: ${error.message}`);
    await expect(call("s3", options({ refused }), async () => 1)).rejects.toThrow(/^ours: there:1 failed too often/);
  });

  test("a reset by service, destination or both lets calls through again", async () => {
    for (const name of ["s3", "there:1", "s3 there:1"]) {
      for (let count = 0; count < 5; count++) await fail();
      expect(own.list()).toMatchObject([{ state: "open" }]);
      expect(own.reset(name)).toBe(1);
      expect(await call("s3", options(), async () => "well")).toBe("well");
    }
    expect(own.reset("slack")).toBe(0);
  });

  test("whoever listens is told of changes, until he stops", async () => {
    const told: string[] = [];
    const end = own.onChange(({ service, state }) => told.push(`${service} ${state}`));
    for (let count = 0; count < 5; count++) await fail();
    own.reset("s3");
    end();
    for (let count = 0; count < 5; count++) await fail();
    expect(told).toEqual(["s3 open", "s3 closed"]);
  });
});

describe("fallback", () => {
  const fallback = (error: unknown) => `instead of ${(error as Error).constructor.name}`;

  test("answers for a service that is down, and for one whose circuit is open", async () => {
    const calling = () => call<string>("s3", options({ ...quick, fallback }), () => Promise.reject(new Down()));
    for (let count = 0; count < 5; count++) expect(await calling()).toBe("instead of Down");
    expect(await calling()).toBe("instead of CircuitOpenError");
  });

  test("does not hide a refusal, nor a stop", async () => {
    await expect(call<string>("s3", options({ fallback }), () => Promise.reject(new Refusal()))).rejects.toThrow(
      Refusal,
    );
    const stop = new AbortController();
    const stopped = call<string>("s3", options({ fallback, signal: stop.signal }), () => Promise.reject(new Down()));
    stop.abort(new Error("enough"));
    await expect(stopped).rejects.toThrow("enough");
  });
});

describe("bulkhead, time-out, stop", () => {
  test("no more tries than the policy says are under way; the others come in turn, none is turned away", async () => {
    const { mostAtOnce } = POLICIES.digitalocean;
    let now = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return 1;
    };
    const ends = await Promise.all(Array.from({ length: 300 }, () => call("digitalocean", options(), work)));
    expect(ends).toHaveLength(300);
    expect(most).toBe(mostAtOnce);
  });

  test("each try has its own time-out", async () => {
    let tries = 0;
    const late = () =>
      call(
        "s3",
        options({ timeoutMs: 20, retryDelaysMs: [0], judge: () => ({ retry: true, failure: true }) }),
        (attempt) => {
          tries++;
          return new Promise((_, reject) => {
            attempt.deadline.addEventListener("abort", () => reject(attempt.deadline.reason));
          });
        },
      );
    await expect(late()).rejects.toMatchObject({ name: "TimeoutError" });
    expect(tries).toBe(2);
  });

  test("a stop ends the pause before the next try and the turn in the line at once, and counts as nothing", async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const paused = call("slack", options({ signal, retryDelaysMs: [60_000] }), () => Promise.reject(new Down()));
    const held = Promise.withResolvers<void>();
    const holding = call("slack", options({ destination: "b" }), () => held.promise);
    const inLine = call("slack", options({ destination: "b", signal }), async () => "made");
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error("enough"));
    await expect(paused).rejects.toThrow("enough");
    await expect(inLine).rejects.toThrow("enough");
    held.resolve();
    await holding;
    await expect(call("slack", options({ signal }), async () => 1)).rejects.toThrow("enough");
    expect(own.list()).toMatchObject([{ failures: 0 }, { failures: 0 }]);
  });

  test("calls that their callers stop while the service is silent are no failures of it", async () => {
    const silent = () =>
      call("s3", options({ ...quick, signal: AbortSignal.timeout(5) }), ({ deadline }) => {
        return new Promise((_, reject) => deadline.addEventListener("abort", () => reject(new Down())));
      });
    for (let count = 0; count < 6; count++) await expect(silent()).rejects.toMatchObject({ name: "TimeoutError" });
    expect(own.list()).toMatchObject([{ state: "closed", failures: 0, counts: { failed: 0, refused: 0 } }]);
  });
});
