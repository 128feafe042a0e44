import { styleText } from "node:util";
import { formatDuration } from "../../domain/units.ts";
import type { Action, Check, OnEvent, ResourceEvent } from "../progress.ts";

/** Seconds after which, without a terminal, one that still runs is named again. */
const REMINDER_SECONDS = 15;

const DOING: Record<Action, [doing: string, done: string]> = {
  create: ["making", "made"],
  update: ["changing", "changed"],
  replace: ["replacing", "replaced"],
  delete: ["removing", "removed"],
  read: ["reading", "read"],
  import: ["adopting", "adopted"],
  refresh: ["looking at", "looked at"],
  pull: ["pulling", "pulled"],
  same: ["keeping", "kept"],
};

interface Running {
  event: ResourceEvent;
  since: number;
  remindedAt: number;
  /** What it waits for. */
  waiting: string;
}

/** Shows progress on a stream: on a terminal a live line under what is done, else plain lines with the seconds since the start. */
export function createReporter(stream: NodeJS.WriteStream): { onEvent: OnEvent; end: () => void } {
  const live = stream.isTTY === true;
  const began = performance.now();
  const running = new Map<string, Running>();
  let phase: { text: string; since: number } | undefined;
  let drawn = false;
  const timer = setInterval(tick, live ? 100 : 1000);
  timer.unref();

  const paint = (style: Parameters<typeof styleText>[0], text: string) => styleText(style, text, { stream });
  const elapsed = () => ((performance.now() - began) / 1000).toFixed(1).padStart(6);

  function print(text: string): void {
    erase();
    stream.write(live ? `${text}\n` : `${elapsed()} s  ${text}\n`);
    draw();
  }

  function erase(): void {
    if (drawn) stream.write("\r\x1b[K");
    drawn = false;
  }

  function draw(): void {
    const text = live ? liveLine() : "";
    if (text === "") return;
    stream.write(`\r\x1b[K${text.slice(0, Math.max(20, (stream.columns || 80) - 1))}`);
    drawn = true;
  }

  function liveLine(): string {
    const total = formatDuration(performance.now() - began);
    const items = [...running.values()].map(
      ({ event, since, waiting }) => `${doing(event)} (${formatDuration(performance.now() - since)})${waiting}`,
    );
    if (items.length > 0) return `${total}  ${items.join(", ")}`;
    return phase ? `${total}  ${phase.text}` : "";
  }

  function tick(): void {
    if (live) draw();
    else remind();
  }

  function remind(): void {
    for (const item of running.values()) {
      const seconds = (performance.now() - item.since) / 1000;
      if (seconds - item.remindedAt < REMINDER_SECONDS) continue;
      item.remindedAt = seconds;
      print(`still ${doing(item.event)} (${formatDuration(seconds * 1000)})${item.waiting}`);
    }
  }

  function resource(event: ResourceEvent): void {
    const key = `${event.action} ${event.urn}`;
    if (event.state === "started") {
      running.set(key, { event, since: performance.now(), remindedAt: 0, waiting: "" });
      if (live) draw();
      else print(doing(event));
      return;
    }
    running.delete(key);
    const took = formatDuration((event.seconds ?? 0) * 1000);
    if (event.state === "failed") print(paint("red", `failed ${doing(event)} (${took})`));
    else print(`${DOING[event.action][1]} ${label(event)} (${took})`);
  }

  function wait({ urn, text }: { urn: string; text: string }): void {
    for (const item of running.values()) if (item.event.urn === urn) item.waiting = `: ${text}`;
    if (live) draw();
  }

  return {
    onEvent(event) {
      if (event.kind === "resource") resource(event);
      else if (event.kind === "waiting") wait(event);
      else if (event.kind === "check") print(checkLine(event.check, paint));
      else if (event.kind === "note") print(event.level === "warning" ? paint("yellow", event.text) : event.text);
      else if (event.kind === "line")
        print(paint("dim", `${event.resource ? `${event.resource}: ` : ""}${event.text}`));
      else {
        phase = { text: event.text, since: performance.now() };
        if (live) draw();
        else print(event.text);
      }
    },
    end() {
      clearInterval(timer);
      erase();
    },
  };
}

function checkLine(
  { name, state, text, fix }: Check,
  paint: (style: "green" | "red" | "dim", text: string) => string,
): string {
  if (state === "failed") return `${paint("red", "✗")} ${name}: ${text}${fix ? `; ${fix}` : ""}`;
  if (state === "skipped") return `${paint("dim", "·")} ${name}: ${text}`;
  return `${paint("green", "✓")} ${name}: ${text}`;
}

function doing(event: ResourceEvent): string {
  const changed = event.changed?.length ? `: ${event.changed.join(", ")}` : "";
  return `${DOING[event.action][0]} ${label(event)}${event.action === "create" ? "" : changed}`;
}

function label({ type, name }: ResourceEvent): string {
  return `${kindOf(type)} ${name}`;
}

/** Types whose names say less than these words. */
const OWN_WORDS: Record<string, string> = {
  DnsRecord: "DNS record",
  ZeroTrustTunnelCloudflared: "tunnel",
  ZeroTrustTunnelCloudflaredConfig: "tunnel rules",
};

/** A type token in words: `digitalocean:index/volumeAttachment:VolumeAttachment` is a "volume attachment". */
export function kindOf(type: string): string {
  if (type.startsWith("command:")) return "step";
  const last = type.split(":").at(-1) ?? type;
  if (OWN_WORDS[last]) return OWN_WORDS[last];
  return last.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
