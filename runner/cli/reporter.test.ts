import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ResourceEvent } from "../progress.ts";
import { createReporter, kindOf } from "./reporter.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stream that keeps what is written. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  return {
    fake: Object.assign(sink, { isTTY, columns: 80 }) as unknown as NodeJS.WriteStream,
    text: () => written.join(""),
  };
}

const making: ResourceEvent = {
  kind: "resource",
  state: "started",
  action: "create",
  urn: "u",
  type: "digitalocean:index/droplet:Droplet",
  name: "node",
};

test("without a terminal: a line when it begins and ends, and a reminder of what it waits for", () => {
  const { fake, text } = stream(false);
  const reporter = createReporter(fake);
  reporter.onEvent(making);
  reporter.onEvent({ kind: "waiting", urn: "u", text: "new, locked" });
  vi.advanceTimersByTime(16_000);
  reporter.onEvent({ ...making, state: "finished", seconds: 18 });
  reporter.end();
  expect(text().split("\n")).toEqual([
    "   0.0 s  making droplet node",
    "  15.0 s  still making droplet node (15 s): new, locked",
    "  16.0 s  made droplet node (18 s)",
    "",
  ]);
});

test("on a terminal: one live line, which is gone at the end", () => {
  const { fake, text } = stream(true);
  const reporter = createReporter(fake);
  reporter.onEvent(making);
  vi.advanceTimersByTime(1000);
  expect(text()).toContain("making droplet node (1.0 s)");
  reporter.end();
  expect(text().endsWith("\r\x1b[K")).toBe(true);
});

test("checks are a list, with what to do", () => {
  const { fake, text } = stream(false);
  const reporter = createReporter(fake);
  reporter.onEvent({ kind: "check", check: { name: "image", state: "ok", text: "there" } });
  reporter.onEvent({ kind: "check", check: { name: "size", state: "failed", text: "gone", fix: "try another" } });
  reporter.end();
  expect(text()).toContain("✓ image: there");
  expect(text()).toContain("✗ size: gone; try another");
});

test.each([
  ["digitalocean:index/volumeAttachment:VolumeAttachment", "volume attachment"],
  ["command:remote:Command", "step"],
  ["digitalocean:index/droplet:Droplet", "droplet"],
])("%s is a %s", (type, kind) => expect(kindOf(type)).toBe(kind));
