import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("work with one key takes turns, also after a failure, and another key does not wait", async () => {
  const turns = new Turns();
  const order: string[] = [];
  let release = () => {};
  const gate = new Promise<void>((done) => {
    release = done;
  });
  const first = turns.take("a", async () => {
    await gate;
    order.push("first");
    throw new Error("failed");
  });
  const second = turns.take("a", async () => {
    order.push("second");
    return 2;
  });
  await turns.take("b", async () => order.push("other"));
  release();
  await expect(first).rejects.toThrow("failed");
  expect(await second).toBe(2);
  expect(order).toEqual(["other", "first", "second"]);
});
