import { afterEach, expect, test } from "vitest";
import { lockVolume, ticketId, ticketVolume } from "../../domain/services/gpus-queue.ts";
import { GpuTicket } from "../../runner/services/gpus-ticket.ts";
import { docker, PREFIX } from "./docker-fixture.ts";

const address = { host: "unix:///var/run/docker.sock" };
const tickets: GpuTicket[] = [];

/** Draws a ticket as a runner does. */
async function draw(): Promise<GpuTicket> {
  const ticket = await GpuTicket.draw(docker, address, PREFIX);
  tickets.push(ticket);
  return ticket;
}

/** Volumes of the queue that are this test's. */
async function left(): Promise<string[]> {
  const ids = tickets.map(({ id }) => id);
  return (await docker.listVolumes()).Volumes.map(({ Name }) => Name).filter(
    (name) => name.includes(PREFIX) || ids.some((id) => name.includes(id)),
  );
}

afterEach(async () => {
  for (const ticket of tickets) await ticket.leave();
  for (const name of await left()) await docker.getVolume(name).remove();
  tickets.length = 0;
});

test("of many runners at one time one gets a card, and each of several cards goes to one", async () => {
  const runners = await Promise.all(Array.from({ length: 8 }, draw));
  const cards = [`GPU-${PREFIX}-1`, `GPU-${PREFIX}-2`];
  const got = await Promise.all(runners.map((runner) => runner.lock(cards)));
  expect(got.filter(Boolean)).toEqual([true]);
  const [winner] = runners.filter((_, index) => got[index]);
  const { locked, waiting } = await (winner as GpuTicket).look();
  for (const card of cards) expect(locked.get(card)?.id).toBe(winner?.id);
  expect(waiting.map(({ id }) => id)).not.toContain(winner?.id);
  await Promise.all(runners.map((runner) => runner.leave()));
  expect(await left()).toEqual([]);
});

test("they stand in the order in which they came, and leave without a trace", async () => {
  const first = await draw();
  const second = await draw();
  const third = await draw();
  const line = async () =>
    (await first.look()).waiting.map(({ id }) => id).filter((id) => tickets.some((one) => one.id === id));
  expect(await line()).toEqual([first.id, second.id, third.id]);
  await second.leave();
  expect(await line()).toEqual([first.id, third.id]);
  const card = `GPU-${PREFIX}-3`;
  expect(await first.lock([card])).toBe(true);
  expect(await third.lock([card])).toBe(false);
  expect(await line()).toEqual([third.id]);
  await first.leave();
  expect(await third.lock([card])).toBe(true);
});

test("what a killed runner has left does not stay in the way", async () => {
  const gone = ticketId(Date.now() - 600_000, PREFIX);
  const card = `GPU-${PREFIX}-4`;
  for (const { name, labels } of [ticketVolume(gone, PREFIX, Date.now() - 600_000, 3), lockVolume(card, gone)])
    await docker.createVolume({ Name: name, Labels: { ...labels } });
  const runner = await draw();
  expect(await runner.lock([card])).toBe(false);
  const { waiting, locked } = await runner.look();
  expect([locked.has(card), waiting.some(({ id }) => id === gone)]).toEqual([false, false]);
  expect(await runner.lock([card])).toBe(true);
});
