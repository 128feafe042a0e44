import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogTunnelFile, catalogTunnels } from "../../catalog/tunnels/names.ts";
import { UserError } from "../../domain/errors.ts";
import { readTunnelFile } from "../../domain/tunnel/file.ts";
import { onPath, thisHost } from "../../runner/toolchain/host.ts";
import { checkTunnel } from "../../runner/tunnel/file.ts";
import { CASES, type TunnelCase } from "./tunnel/cases.ts";

const whole = ({ text }: TunnelCase) => `tunnel: nas\n${text}`;

function refusal(one: TunnelCase): UserError | undefined {
  try {
    readTunnelFile(whole(one), "/t/nas.yaml", "nas");
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "windlass-tunnel-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(one: TunnelCase): string {
  const file = join(folder, "config.yml");
  writeFileSync(file, whole(one));
  return file;
}

describe("Windlass judges as cloudflared does", () => {
  test.each(CASES.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    const error = refusal(one);
    expect(error === undefined).toBe(one.valid && one.stricter === undefined);
    if (error) expect(error.toJSON()).toMatchObject({ error: "ConfigInvalid", details: { line: expect.any(Number) } });
    const urls = Object.keys(one.urls ?? {});
    if (urls.length === 0) return;
    const { matches } = checkTunnel(fileOf(one), urls);
    expect(Object.fromEntries(matches.map(({ url, rule }) => [url, rule - 1]))).toEqual(one.urls);
  });
});

test.each(catalogTunnels())("the catalog's %s is taken", (name) => {
  expect(checkTunnel(name).rules.at(-1)).toEqual({ hostname: null, path: null, service: "http_status:404" });
});

/** Where the real program is at hand, what is written down of it is compared with it. */
const cloudflared = onPath(thisHost(), "cloudflared");

function compareWithCloudflared(): void {
  const run = async (file: string, ...words: string[]) => {
    const args = ["tunnel", "--config", file, "ingress", ...words];
    const result = await promisify(execFile)(cloudflared as string, args).catch((error) => ({
      ...error,
      failed: true,
    }));
    return { valid: !("failed" in result), text: `${result.stdout}${result.stderr}` };
  };

  test.each(CASES.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const file = fileOf(one);
    expect((await run(file, "validate")).valid).toBe(one.valid);
    for (const [url, rule] of Object.entries(one.urls ?? {}))
      expect((await run(file, "rule", url)).text).toContain(`Matched rule #${rule}\n`);
  });

  test.each(catalogTunnels())("the catalog's %s", async (name) => {
    expect((await run(catalogTunnelFile(name) as string, "validate")).text).toContain("OK");
  });
}

if (cloudflared) describe("what is written down of cloudflared is true", compareWithCloudflared);
