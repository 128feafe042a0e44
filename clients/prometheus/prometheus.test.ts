import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { UserError } from "../../domain/errors.ts";
import { breakers } from "../resilience/index.ts";
import { gpuSamples } from "./index.ts";
import { findPrometheus, startPrometheus } from "./testing/server.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const program = findPrometheus();

describe.skipIf(program === undefined)("with a real Prometheus", () => {
  test("a node's GPUs are read as DCGM's exporter shows them, and what is not scraped is not there", {
    timeout: 60_000,
  }, async () => {
    let load = 0;
    let memory = true;
    const target = await listen((_, response) => {
      const gpu = (name: string, index: number, value: number) =>
        `${name}{gpu="${index}",UUID="GPU-${index}"} ${value}\n`;
      response.end(
        [0, 1]
          .map(
            (index) =>
              gpu("DCGM_FI_DEV_GPU_UTIL", index, index * load) +
              (memory || index === 0 ? gpu("DCGM_FI_DEV_FB_USED", index, 500 + index) : ""),
          )
          .join(""),
      );
    });
    const prometheus = await startPrometheus(program as string, target, "10.0.0.7:9400");
    try {
      const ask = (instance: string) =>
        gpuSamples({ url: prometheus.url, instance, now: Date.now(), windowMs: 60_000, stepMs: 1000 });
      const until = async (condition: (samples: Awaited<ReturnType<typeof ask>>) => boolean) => {
        for (;;) {
          const samples = await ask("10.0.0.7");
          if (condition(samples)) return samples;
          await new Promise((again) => setTimeout(again, 100));
        }
      };
      // A scrape may fall between the questions for the two metrics.
      const whole = (samples: Awaited<ReturnType<typeof ask>>) => samples.filter((sample) => "gpus" in sample);
      const quiet = await until((samples) => whole(samples).length >= 2);
      expect(quiet.length).toBeLessThan(55);
      expect(whole(quiet)[0]).toEqual({
        at: expect.any(Number),
        gpus: [
          { utilization: 0, memoryUsedMiB: 500 },
          { utilization: 0, memoryUsedMiB: 501 },
        ],
        sshSessions: 0,
        jobs: 0,
        loading: false,
      });
      load = 93;
      await until((samples) => samples.some((sample) => "gpus" in sample && sample.gpus[1]?.utilization === 93));
      memory = false;
      const reason = "Prometheus has no DCGM_FI_DEV_FB_USED of GPU GPU-1";
      await until((samples) => samples.some((sample) => "malformed" in sample && sample.malformed === reason));
      expect(await ask("10.0.0.70")).toEqual([]);
      expect(await ask("10x0.0.7")).toEqual([]);
    } finally {
      await prometheus.close();
    }
  });
});

/** A stand-in for Prometheus, for what a sound one does not do. */
describe("with a stand-in", () => {
  const failure = async (handler: RequestListener, more = {}) => {
    const url = `http://${await listen(handler)}`;
    const query = {
      url,
      instance: "node",
      now: 1_000_000,
      windowMs: 60_000,
      stepMs: 1000,
      retryDelaysMs: [1],
      ...more,
    };
    return gpuSamples(query).then(
      () => {
        throw new Error("did not fail");
      },
      (error: UserError) => error,
    );
  };

  test.each<[string, RequestListener, string]>([
    ["an error", (_, response) => response.writeHead(400).end('{"status":"error","error":"bad query"}'), "bad query"],
    ["no JSON", (_, response) => response.end("<html>"), "not valid JSON"],
    [
      "another form",
      (_, response) => response.end('{"status":"success","data":{"resultType":"vector","result":[]}}'),
      "status 200",
    ],
    ["nothing", (request) => request.socket.destroy(), "cannot be asked"],
  ])("%s is a failure and not an empty window", async (_, handler, reason) => {
    const error = await failure(handler);
    expect(error).toMatchObject({ code: "NotFound" });
    expect(error.details.reason).toContain(reason);
  });

  test("one that does not answer is given up, after one try", async () => {
    expect((await failure(() => undefined, { timeoutMs: 100 })).details.reason).toContain("no answer in time");
    const { port } = (servers[0] as Server).address() as AddressInfo;
    const counts = () => breakers.list().find(({ destination }) => destination === `127.0.0.1:${port}`)?.counts;
    // One for each of the two metrics. The stand-in cannot count them: a try may be over before it got there.
    await expect.poll(counts).toMatchObject({ failed: 2, retried: 0 });
  });

  test("one that starts again is asked again", async () => {
    let asked = 0;
    const url = `http://${await listen((request, response) => {
      asked++;
      if (asked === 1) request.socket.destroy();
      else if (asked === 2) response.writeHead(503).end("no upstream");
      else response.end('{"status":"success","data":{"resultType":"matrix","result":[]}}');
    })}`;
    const window = { now: 1_000_000, windowMs: 60_000, stepMs: 1000 };
    expect(await gpuSamples({ url, instance: "node", ...window, retryDelaysMs: [1, 1] })).toEqual([]);
    expect(asked).toBe(4);
  });

  test("one that is down for good is not asked any more, and the reason names it", async () => {
    let asked = 0;
    const url = `http://${await listen((request) => {
      asked++;
      request.socket.destroy();
    })}`;
    const window = { now: 1_000_000, windowMs: 60_000, stepMs: 1000, retryDelaysMs: [] };
    const ask = () =>
      gpuSamples({ url, instance: "node", ...window }).catch((error: UserError) => error.details.reason);
    for (let count = 0; count < 3; count++) expect(await ask()).toContain("cannot be asked");
    expect(asked).toBeLessThanOrEqual(6);
    const before = asked;
    expect(await ask()).toMatch(/failed too often and is not asked again for \d+ s/);
    expect(asked).toBe(before);
  });

  test("a long window is asked for in parts, none twice", async () => {
    const asked: [number, number][] = [];
    const url = `http://${await listen((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        const parameters = new URLSearchParams(body);
        if (parameters.get("query")?.includes("GPU_UTIL"))
          asked.push([Number(parameters.get("start")), Number(parameters.get("end"))]);
        response.end('{"status":"success","data":{"resultType":"matrix","result":[]}}');
      });
    })}`;
    await gpuSamples({ url, instance: "node", now: 25_000_000, windowMs: 25_000_000, stepMs: 1000 });
    expect(asked).toEqual([
      [0, 9999],
      [10_000, 19_999],
      [20_000, 25_000],
    ]);
  });
});
