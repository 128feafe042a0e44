import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dockerPart } from "./docker.ts";
import { startDockerd, startedDockerd, stopDockerd } from "./dockerd.ts";
import { isAlive } from "./lock.ts";
import { Machine } from "./testing/machine.ts";

let machine: Machine;
let engine: Server | undefined;
beforeEach(() => {
  machine = new Machine();
});
afterEach(async () => {
  await new Promise((closed) => (engine ? engine.close(closed) : closed(undefined)));
  engine = undefined;
  machine.remove();
});

/** Something that listens where Docker would and answers with this. */
async function listen(body: string): Promise<NodeJS.ProcessEnv> {
  const socket = join(machine.folder, "docker.sock");
  engine = createServer((_, response) => response.end(body));
  await new Promise<void>((ready) => engine?.listen(socket, ready));
  return { DOCKER_HOST: `unix://${socket}` };
}

describe("the engine", () => {
  test("that answers is found, with its version and place", async () => {
    const env = await listen('{"Version":"28.2.2","ApiVersion":"1.50"}');
    const found = `28.2.2 (${machine.folder}/docker.sock)`;
    expect(await dockerPart(machine.host(env)).check()).toEqual({ ok: true, found, fix: "" });
  });

  test("that is too old is not fit", async () => {
    const env = await listen('{"Version":"19.3.1","ApiVersion":"1.40"}');
    const state = await dockerPart(machine.host(env)).check();
    expect(state).toMatchObject({ ok: false, found: expect.stringContaining("older than 20.10") });
  });

  test("that is something else is not one", async () => {
    const env = await listen("<html>");
    const state = await dockerPart(machine.host(env)).check();
    expect(state).toMatchObject({ ok: false, found: expect.stringContaining("not a Docker engine") });
  });

  test("that is not there: what to do depends on what this user can do", async () => {
    const env = { DOCKER_HOST: `unix://${machine.folder}/nothing.sock` };
    expect(await dockerPart(machine.host(env)).check()).toMatchObject({ ok: false, fix: /DOCKER_HOST/ });
    expect(dockerPart(machine.host()).install).toBeUndefined();
    expect(dockerPart({ ...machine.host(), superuser: true }).install).toBeDefined();
    expect(dockerPart({ ...machine.host(env), superuser: true }).install).toBeUndefined();
  });
});

describe("a dockerd of our own", () => {
  const answersWhen = (file: string) => async () => existsSync(join(machine.folder, file));

  test("is started beside this process, known by its number, and stopped on request", async () => {
    machine.program("dockerd", `touch ${machine.folder}/ready; while :; do sleep 0.1; done`);
    const host = machine.host();
    await startDockerd(host, answersWhen("ready"), () => {});
    const pid = startedDockerd(host)?.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    const sessionOf = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[3];
    expect(Number(sessionOf)).toBe(pid);
    expect(await stopDockerd(host)).toBe(true);
    expect(startedDockerd(host)).toBeUndefined();
    expect(await stopDockerd(host)).toBe(false);
  });

  test("that ends at once is an error with the end of its log", async () => {
    machine.program("dockerd", "echo 'failed to mount overlay: operation not permitted' >&2; exit 1");
    const host = machine.host();
    await expect(
      startDockerd(
        host,
        async () => false,
        () => {},
      ),
    ).rejects.toThrow(/dockerd ended: failed to mount overlay.*dockerd\.log/);
    expect(startedDockerd(host)).toBeUndefined();
  });

  test("a process that took over its number is left alone", async () => {
    machine.file("clone/.windlass/dockerd.json", JSON.stringify({ pid: process.pid, startedAt: "" }));
    expect(startedDockerd(machine.host())).toBeUndefined();
    expect(await stopDockerd(machine.host())).toBe(false);
  });
});
