import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Cloud, type CloudOptions, startCloud } from "./server.ts";

/** A cloud for one test: no machines, actions end at once, no rate limit, a driven clock; gone when the test is. */
export async function testCloud(
  options: Partial<CloudOptions> = {},
): Promise<{ cloud: Cloud; api: Api; control: Api }> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const cloud = await startCloud({
    dataDir,
    backend: "none",
    actionScale: 0,
    rateLimit: false,
    clock: { mode: "driven", now: START },
    ...options,
  });
  onTestFinished(() => cloud.close());
  return { cloud, api: client(`${cloud.url}/v2`, cloud.token), control: client(`${cloud.url}/_windlass`) };
}

/** Where the driven clock of a test starts. */
export const START = "2026-03-01T00:00:00Z";

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "windlass-cloud-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Answer {
  status: number;
  /** Parsed; undefined where there was none. */
  body: any;
  headers: Headers;
}

export interface Api {
  (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The body of an answer that must be a success. */
  ok(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any>;
}

export function client(base: string, token?: string): Api {
  const api = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(base + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text), headers: response.headers };
  };
  const ok = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
    const answer = await api(method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return Object.assign(api, { ok });
}

/** A CPU droplet's create request. */
export const CPU = { name: "web-1", region: "tor1", size: "s-1vcpu-1gb", image: "debian-12-x64" };
/** A GPU droplet's. */
export const GPU = { name: "gpu-1", region: "tor1", size: "gpu-h100x1-80gb", image: "gpu-h100x1-base" };
export const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFPcaDyVdmOw6wJ8j3lqFqWk1XpZ0dTn7uVbEoYJtYqz test";
