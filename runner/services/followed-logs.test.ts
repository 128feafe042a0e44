import { once } from "node:events";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import { LABEL } from "../../domain/services/labels.ts";
import { followedLogs } from "./followed-logs.ts";

/** An engine with one container: what it tells is written by the test. */
function engineOfOne() {
  const events = new PassThrough();
  const reads: PassThrough[] = [];
  const docker = {
    getEvents: async () => events,
    getContainer: () => ({
      inspect: async () => ({ Config: { Tty: true } }),
      logs: async () => {
        const read = new PassThrough();
        reads.push(read);
        events.emit("read");
        return read;
      },
    }),
    listContainers: async () => [],
  };
  const start = { Actor: { ID: "a", Attributes: { name: "shop-web-1", [LABEL.service]: "web" } } };
  return {
    docker: docker as unknown as Docker,
    /** Resolves when the container's output is asked for. */
    asked: () => once(events, "read"),
    tellStart: () => events.write(`${JSON.stringify(start)}\n`),
    reads,
  };
}

test("a container that is started again before its end is heard is read on", async () => {
  const { docker, asked, tellStart, reads } = engineOfOne();
  const lines = followedLogs({
    docker,
    address: { host: "unix:///nowhere" },
    project: "shop",
    containers: [{ id: "a", name: "shop-web-1", service: "web" }],
    services: [],
    read: {},
  });
  const first = asked();
  const one = lines.next();
  await first;
  reads[0]?.write("2026-01-02T03:04:05.000000000Z before\n");
  expect((await one).value).toMatchObject({ text: "before" });
  const again = asked();
  const two = lines.next();
  tellStart();
  await new Promise((done) => setImmediate(done));
  reads[0]?.end();
  await again;
  reads[1]?.end("2026-01-02T03:04:05.000000000Z before\n2026-01-02T03:04:06.000000000Z after\n");
  expect((await two).value).toMatchObject({ text: "after" });
  expect((await lines.next()).done).toBe(true);
});
