import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { expect, test } from "vitest";
import { endLeftovers, leftovers, runVariable } from "./leftovers.ts";

test("processes of this run are found by their environment and ended, others are left alone", async () => {
  const run = randomUUID();
  const start = (mark: string) =>
    spawn("sleep", ["60"], { env: { ...process.env, [runVariable]: mark }, detached: true, stdio: "ignore" });
  const [own, other] = [start(run), start("another run")];
  await Promise.all([once(own, "spawn"), once(other, "spawn")]);
  expect(leftovers(run)).toEqual([{ pid: own.pid, command: "sleep 60" }]);
  expect(endLeftovers(run)).toHaveLength(1);
  expect(await once(own, "close")).toEqual([null, "SIGKILL"]);
  expect(other.exitCode).toBeNull();
  other.kill();
});
