import fc from "fast-check";
import type { Step } from "./life.ts";
import type { CallFault } from "./mortal-process.ts";

/** Commands make 20 to 80 calls: a fault behind the last one strikes nothing. */
const CALLS = 80;

const fault = fc.record<CallFault>({
  at: fc.noBias(fc.integer({ min: 1, max: CALLS })),
  kind: fc.constantFrom("kill", "kill", "kill", "status", "lost"),
  committed: fc.boolean(),
  status: fc.constantFrom(429, 500, 503),
  times: fc.constantFrom(1, 1, 2, 4, 8),
});

const actionTypes = ["snapshot", "shutdown", "power_off", "power_on", "attach_volume", "detach_volume"];
const cloudFault = fc.oneof(
  fc.record({ kind: fc.constant("errored-action" as const), actionType: fc.constantFrom(...actionTypes) }),
  fc.record({ kind: fc.constant("capacity" as const), times: fc.integer({ min: 1, max: 12 }) }),
);

const sometimes = <T>(arbitrary: fc.Arbitrary<T>, freq: number) =>
  fc.option(arbitrary, { nil: undefined, freq }) as never;

/** A life of one to four commands; every value is as likely as any other. */
export const randomSteps: fc.Arbitrary<Step[]> = fc.noBias(
  fc.array(
    fc.record<Step>({
      choice: fc.nat({ max: 11 }),
      fault: sometimes(fault, 9),
      faultAgain: sometimes(fault, 1),
      cloudFault: sometimes(cloudFault, 1),
      meddled: fc.boolean(),
      undone: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
);
