import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../../runner/locks.ts";
import { api, fault, objects } from "./harness.ts";
import { type RunnerProject, runnerProject, until } from "./runner-project.ts";

let project: RunnerProject;
beforeAll(async () => {
  project = runnerProject();
  await project.json(["local", "start"]);
});
afterEach(async () => {
  await clearFaults();
  await project.json(["down", "--yes"]);
});
afterAll(() => project.remove());

/** One of each, ours alone, and the state knows it: nothing was made twice and nothing is left over. */
async function expectConverged(): Promise<void> {
  const { nodes } = await project.json(["up", "--yes"]);
  const { droplets, volumes, firewalls, ssh_keys } = await objects(project.cloud());
  expect(droplets?.map(({ id }) => id)).toEqual([nodes[0].droplet_id]);
  expect(volumes?.map(({ id }) => id)).toEqual([nodes[0].volumes[0].id]);
  expect([firewalls?.length, ssh_keys?.length]).toEqual([1, 1]);
  expect(project.state().pending).toEqual([]);
  expect(project.locks()).toEqual([]);
  const { changes } = await project.json(["up", "--yes"]);
  expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
}

/** Starts an `up` and comes back while its droplet is being made, which it is until the faults are cleared. */
async function upInFlight() {
  await fault(project.cloud(), { kind: "stuck-action", actionType: "create" });
  const running = project.start("up", "--yes");
  await until("the droplet is being made", async () => (await objects(project.cloud())).droplets?.length === 1);
  await until("its creation is noted", () => project.state().pending.length > 0);
  return running;
}

async function clearFaults(): Promise<void> {
  await api(project.cloud(), "DELETE", "/_windlass/faults");
}

/** What the cloud was asked after the request of that number. */
async function requests(after: number): Promise<{ id: number; path: string }[]> {
  return fetch(`${project.cloud().url}/_windlass/requests?after=${after}`).then((answer) => answer.json()) as never;
}

function enginePid(): number {
  const file = join(project.home, "operations", "local-runner-test-dev.json");
  return JSON.parse(readFileSync(file, "utf8")).enginePid;
}

describe("an update that died", () => {
  test("engine and runner killed while the droplet is made: recover adopts it, up goes on", async () => {
    const running = await upInFlight();
    const pid = enginePid();
    running.child.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await running.done;
    await until("the engine is gone", () => !isAlive(pid));
    await clearFaults();
    expect(project.locks()).toHaveLength(1);
    expect((await project.json(["status"])).state).toBe("interrupted");
    const would = await project.json(["recover", "--dry-run"]);
    expect(would.adopted).toMatchObject([{ type: "digitalocean:index/droplet:Droplet", name: "node" }]);
    expect(project.locks()).toHaveLength(1);
    const done = await project.json(["recover"]);
    expect(done).toMatchObject({ needed: true, adopted: would.adopted, removed: [] });
    expect(project.state().pending).toEqual([]);
    expect(await project.json(["recover"])).toMatchObject({ needed: false, adopted: [] });
    await expectConverged();
  });

  test("up recovers by itself, and says so", async () => {
    const running = await upInFlight();
    const pid = enginePid();
    running.child.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await until("the engine is gone", () => !isAlive(pid));
    await clearFaults();
    const { code, stderr } = await project.windlass("up", "--yes");
    expect(code).toBe(0);
    expect(stderr).toContain(`removed the lock of process ${pid}, which is gone`);
    expect(stderr).toContain("adopted droplet node");
    await expectConverged();
  });

  test("only the runner killed: the engine is let finish, nothing is lost", async () => {
    const running = await upInFlight();
    const pid = enginePid();
    running.child.kill("SIGKILL");
    await running.done;
    const next = project.start("up", "--yes");
    await until("the engine is found", () => next.text().includes("outlived its runner"));
    await clearFaults();
    expect((await next.done).code).toBe(0);
    expect(isAlive(pid)).toBe(false);
    await expectConverged();
  });

  test("the engine killed while it writes: files of the backend that are cut short are in nobody's way", async () => {
    await project.json(["up", "--yes"]);
    const folder = join(project.home, "state", "local", ".pulumi");
    const lock = join(folder, "locks", "organization", "runner-test", "dev", "0.json.18a2b.tmp");
    writeFileSync(join(folder, "stacks", "runner-test", "dev.json.attrs"), "");
    writeFileSync(lock, "");
    await expectConverged();
    expect(existsSync(lock)).toBe(false);
  });

  test("the local cloud killed in the middle: the next up starts it and goes on", async () => {
    const running = await upInFlight();
    process.kill(project.cloud().pid, "SIGKILL");
    running.child.kill("SIGINT");
    await running.done;
    const next = project.start("up", "--yes");
    const isBack = () =>
      clearFaults().then(
        () => true,
        () => false,
      );
    await until("the cloud is back", isBack);
    expect((await next.done).code).toBe(0);
    await expectConverged();
  });
});

describe("two at once", () => {
  test("the second up is refused and told who is at it; the first is not disturbed", async () => {
    const running = await upInFlight();
    const { error, details } = await project.json(["up", "--yes"], 1);
    expect(error).toBe("StackLocked");
    expect(details).toMatchObject({ stack: "dev", pid: enginePid() });
    expect(details.since).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect((await project.json(["recover"], 1)).error).toBe("StackLocked");
    expect((await project.json(["status"])).state).toBe("updating");
    expect(running.child.exitCode).toBeNull();
    running.child.kill("SIGINT");
    await running.done;
    await clearFaults();
    await expectConverged();
  });

  test("a lock from another machine is broken only when asked for", async () => {
    await project.json(["up", "--yes"]);
    const lock = { pid: 1, username: "ci", hostname: "another-machine", timestamp: "2026-01-01T00:00:00Z" };
    const folder = join(project.home, "state", "local", ".pulumi", "locks", "organization", "runner-test", "dev");
    writeFileSync(join(folder, "0.json"), JSON.stringify(lock));
    const { details } = await project.json(["up", "--yes"], 1);
    expect(details).toMatchObject({ host: "another-machine", user: "ci" });
    expect(details.suggestion).toContain("--break-lock");
    await project.json(["recover", "--break-lock"]);
    await expectConverged();
  });
});

describe("Ctrl-C", () => {
  test("once: what is in flight is saved, exit code 130, and the next up goes on", async () => {
    const running = await upInFlight();
    running.child.kill("SIGINT");
    const { code, stderr } = await running.done;
    expect(code).toBe(130);
    expect(stderr).toContain("Ctrl-C again stops at once");
    expect(stderr).toMatch(/Cancelled: .*\n.*windlass up --stack dev/);
    expect(project.locks()).toEqual([]);
    await clearFaults();
    await expectConverged();
  });

  test("twice: it stops at once, and the next up recovers", async () => {
    const running = await upInFlight();
    running.child.kill("SIGINT");
    await until("the first is noticed", () => running.text().includes("Ctrl-C again"));
    running.child.kill("SIGINT");
    const { code } = await running.done;
    expect(code).toBe(130);
    await clearFaults();
    await expectConverged();
  });

  test("before anything is made: nothing is made", async () => {
    const last = (await requests(0)).at(-1)?.id ?? 0;
    await fault(project.cloud(), { kind: "delay", seconds: 20, path: "^/v2/account$" });
    const running = project.start("up", "--yes", "--json");
    await until("it asks the cloud", async () =>
      (await requests(last)).some(({ path }) => path.startsWith("/v2/sizes")),
    );
    running.child.kill("SIGINT");
    const { code, stdout } = await running.done;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ error: "Cancelled" });
    expect((await objects(project.cloud())).droplets).toEqual([]);
  });
});
