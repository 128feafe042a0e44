import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, startCloud } from "../../../local/cloud/server.ts";

const START = Date.parse("2026-03-01T00:00:00Z");

/** Object of the API as it comes; only what the runs look at. */
export type Json = any;

/** One account on a local cloud in this process, with no machines behind it and a clock that is driven here. */
export interface Account {
  cloud: Cloud;
  /** Milliseconds since 1970. */
  now(): number;
  advance(seconds: number): Promise<void>;
  /** A call that no fault strikes; undefined where the answer is 404 or empty. Throws on any other failure. */
  call(method: string, path: string, body?: unknown): Promise<Json>;
  /** The cloud's control API. */
  control(method: string, path: string, body?: unknown): Promise<Json>;
  /** Everything gone, the clock back at its start. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Actions take a hundredth of DigitalOcean's time: long enough to be killed in, short enough to be waited for often. */
export async function openAccount(): Promise<Account> {
  const dataDir = mkdtempSync(join(tmpdir(), "windlass-life-"));
  const clock = { mode: "driven" as const, now: START };
  const settings = { backend: "none" as const, actionScale: 0.01, rateLimit: false, requestLog: false };
  const cloud = await startCloud({ ...settings, dataDir, clock });
  let now = START;
  const send = async (method: string, url: string, body?: unknown): Promise<Json> => {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${cloud.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    cloud,
    now: () => now,
    advance: async (seconds) => {
      await cloud.advance(seconds);
      now += seconds * 1000;
    },
    call: (method, path, body) => send(method, `${cloud.url}${path}`, body),
    control: (method, path, body) => send(method, `${cloud.url}/_windlass/${path}`, body),
    reset: async () => {
      await cloud.reset();
      now = START;
    },
    close: async () => {
      await cloud.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
