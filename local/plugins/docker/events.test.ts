import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { expect, test } from "vitest";
import { ContainerEvents } from "./events.ts";

const LONG_MS = 60_000;
const never = new AbortController().signal;

/** An engine that tells what it is told to, over one stream at a time. */
function engine() {
  const streams: PassThrough[] = [];
  const getEvents = async () => {
    const stream = new PassThrough();
    streams.push(stream);
    return stream;
  };
  const tell = (id: string) => streams.at(-1)?.write(`${JSON.stringify({ id, status: "health_status: healthy" })}\n`);
  return { docker: { getEvents } as unknown as Docker, streams, tell };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("whoever waits for a container is woken by its news, over one connection for all", async () => {
  const { docker, streams, tell } = engine();
  const events = new ContainerEvents(docker);
  const [a, b] = [events.watch("a"), events.watch("b")];
  await turn();
  await Promise.all([a.pause(LONG_MS, never), b.pause(LONG_MS, never)]);
  const woken: string[] = [];
  const waits = [
    a.pause(LONG_MS, never).then(() => woken.push("a")),
    b.pause(LONG_MS, never).then(() => woken.push("b")),
  ];
  tell("b");
  await waits[1];
  expect(woken).toEqual(["b"]);
  tell("a");
  await Promise.all(waits);
  expect(streams).toHaveLength(1);
  a.close();
  expect(streams[0]?.destroyed).toBe(false);
  b.close();
  expect(streams[0]?.destroyed).toBe(true);
});

test("news between two waits are not lost", async () => {
  const { docker, tell } = engine();
  const watch = new ContainerEvents(docker).watch("a");
  await turn();
  await watch.pause(LONG_MS, never);
  tell("a");
  await turn();
  await watch.pause(LONG_MS, never);
  watch.close();
});

test("without the connection, and after it is lost, a wait is as long as it is asked to be", async () => {
  const refused = new ContainerEvents({ getEvents: () => Promise.reject(new Error("no")) } as unknown as Docker);
  const watch = refused.watch("a");
  await turn();
  await watch.pause(1, never);
  watch.close();
  const { docker, streams } = engine();
  const cut = new ContainerEvents(docker).watch("a");
  await turn();
  await cut.pause(LONG_MS, never);
  streams[0]?.destroy(new Error("cut"));
  await turn();
  await cut.pause(1, never);
  cut.close();
});

test("a wait ends with the reason of its signal", async () => {
  const { docker } = engine();
  const watch = new ContainerEvents(docker).watch("a");
  await turn();
  await watch.pause(LONG_MS, never);
  const stop = new AbortController();
  const wait = watch.pause(LONG_MS, stop.signal);
  stop.abort(new Error("cancelled"));
  await expect(wait).rejects.toThrow("cancelled");
  watch.close();
});
