import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { type CloudOptions, startCloud } from "./server.ts";

/**
 * The local cloud as a process: prints one line of JSON when it is ready, writes `cloud.json` beside the store, and logs to stderr.
 * SIGTERM and SIGINT close it; machines stay as they are.
 */
const USAGE = `node local/cloud/main.ts --data DIR --backend docker|none [--host H] [--port N] [--token T] [--action-scale X]
  [--clock real|driven|scaled:FACTOR] [--now ISO] [--no-rate-limit] [--droplet-limit N] [--volume-limit N]`;

// Requests leave nothing behind: a young generation that does not grow keeps the process small.
setFlagsFromString("--semi-space-growth-factor=1");

const log = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);

try {
  await main(options());
} catch (error) {
  log((error as Error).message);
  process.exitCode = 1;
}

async function main(settings: CloudOptions): Promise<void> {
  const cloud = await startCloud(settings);
  const { url, token, backend } = cloud;
  const ready = { url, token, pid: process.pid, backend };
  const file = join(settings.dataDir, "cloud.json");
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...ready, startedAt: new Date().toISOString() })}\n`, {
    mode: 0o600,
  });
  renameSync(`${file}.new`, file);
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  const stop = () => {
    rmSync(file, { force: true });
    cloud.close().then(
      () => process.exit(0),
      (error: Error) => {
        log(error.message);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function options(): CloudOptions {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      backend: { type: "string", default: "docker" },
      host: { type: "string" },
      port: { type: "string" },
      token: { type: "string" },
      "action-scale": { type: "string" },
      clock: { type: "string" },
      now: { type: "string" },
      "no-rate-limit": { type: "boolean", default: false },
      "droplet-limit": { type: "string" },
      "volume-limit": { type: "string" },
    },
  });
  const { data, backend, host, token, clock } = values;
  if (!data) throw new Error(`--data is needed\n${USAGE}`);
  if (backend !== "docker" && backend !== "none")
    throw new Error(`--backend: docker or none, not "${backend}"\n${USAGE}`);
  const droplets = number("droplet-limit", values["droplet-limit"]);
  const volumes = number("volume-limit", values["volume-limit"]);
  return {
    dataDir: data,
    backend,
    log,
    rateLimit: !values["no-rate-limit"],
    ...(host !== undefined && { host }),
    ...(token !== undefined && { token }),
    ...(values.port !== undefined && { port: number("port", values.port) as number }),
    ...(values["action-scale"] !== undefined && {
      actionScale: number("action-scale", values["action-scale"]) as number,
    }),
    ...(clock !== undefined && { clock: clockSettings(clock, values.now) }),
    ...((droplets ?? volumes) !== undefined && {
      limits: { ...(droplets !== undefined && { droplets }), ...(volumes !== undefined && { volumes }) },
    }),
  };
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value >= 0)) throw new Error(`--${name}: a number of at least 0 is needed, not "${text}"`);
  return value;
}

function clockSettings(text: string, now: string | undefined): NonNullable<CloudOptions["clock"]> {
  const [mode, factor] = text.split(":");
  if (mode !== "real" && mode !== "driven" && mode !== "scaled")
    throw new Error(`--clock: real, driven or scaled:FACTOR, not "${text}"`);
  if (now !== undefined && Number.isNaN(Date.parse(now)))
    throw new Error(`--now: a time in ISO 8601 is needed, not "${now}"`);
  return {
    mode,
    ...(factor !== undefined && { scale: number("clock", factor) as number }),
    ...(now !== undefined && { now }),
  };
}
