import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { Backend } from "./backend.ts";
import { createNoneBackend } from "./backends/none.ts";
import type { Store } from "./store.ts";
import { CPU, testCloud } from "./test-cloud.ts";

/** A backend that notes what was done, and does some of it in another way. */
function noting(change: (none: Backend) => Partial<Backend>) {
  const done: string[] = [];
  const createBackend = (store: Store): Backend => {
    const none = createNoneBackend(store);
    const backend: Backend = { ...none, ...change(none) };
    for (const name of [
      "ensureVolume",
      "attachVolume",
      "ensureDroplet",
      "removeVolume",
      "detachVolume",
      "removeDroplet",
    ] as const) {
      const work = backend[name] as (...args: unknown[]) => Promise<unknown>;
      Object.assign(backend, {
        [name]: async (...args: unknown[]) => {
          const result = await work(...args);
          done.push(name);
          return result;
        },
      });
    }
    return backend;
  };
  return { done, createBackend };
}

test("work on the same thing is done in the order of the requests, however slow the first is", async () => {
  const { done, createBackend } = noting((none) => ({
    ensureVolume: async (volume) => {
      if (done.length < 2) await sleep(50);
      return none.ensureVolume(volume);
    },
  }));
  const { api } = await testCloud({ createBackend });
  const droplet = (await api.ok("POST", "/droplets", CPU)).droplet.id;
  const volume = (await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 1 })).volume.id;
  const act = (type: string) => api.ok("POST", `/volumes/${volume}/actions`, { type, droplet_id: droplet });
  const { action } = await act("attach");
  await expect.poll(async () => (await api.ok("GET", `/actions/${action.id}`)).action.status).toBe("completed");
  await act("detach");
  await expect.poll(async () => (await api("DELETE", `/volumes/${volume}`)).status).toBe(204);
  await expect.poll(() => done.at(-1)).toBe("removeVolume");
  expect(done).toEqual([
    "ensureDroplet",
    "ensureVolume",
    "ensureVolume",
    "attachVolume",
    "detachVolume",
    "removeVolume",
  ]);
});

test("two droplets are made at the same time, though they share a network", async () => {
  let begun = 0;
  const end = Promise.withResolvers<void>();
  const { createBackend } = noting((none) => ({
    ensureDroplet: async (spec) => {
      begun++;
      await end.promise;
      return none.ensureDroplet(spec);
    },
  }));
  const { api } = await testCloud({ createBackend });
  onTestFinished(() => end.resolve());
  await api.ok("POST", "/droplets", { ...CPU, name: undefined, names: ["a", "b"] });
  await expect.poll(() => begun).toBe(2);
});

test("what a request has left to be done is tried again; an action that cannot be done has errored, and says why", async () => {
  let failures = 2;
  const { done, createBackend } = noting((none) => ({
    removeVolume: async (id) => {
      if (failures-- > 0) throw new Error("device is busy");
      return none.removeVolume(id);
    },
    ensureDroplet: async () => {
      throw new Error("no space left on device");
    },
  }));
  const { api, control } = await testCloud({ createBackend });
  const { volume } = await api.ok("POST", "/volumes", { name: "data", region: "tor1", size_gigabytes: 1 });
  await api("DELETE", `/volumes/${volume.id}`);
  const { droplet, links } = await api.ok("POST", "/droplets", CPU);
  const action = `/actions/${links.actions[0].id}`;
  await expect.poll(async () => (await api.ok("GET", action)).action.status).toBe("errored");
  expect((await api.ok("GET", `/droplets/${droplet.id}`)).droplet).toMatchObject({ status: "new", locked: false });
  expect(await control.ok("GET", "/failures")).toMatchObject([
    { type: "create", droplet: droplet.id, reason: "no space left on device" },
  ]);
  expect((await api("DELETE", `/droplets/${droplet.id}`)).status).toBe(204);
  await expect.poll(() => done).toContain("removeVolume");
});
