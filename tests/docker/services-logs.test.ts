import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { servicesDown } from "../../runner/services/down.ts";
import { type ServiceLine, servicesLogs } from "../../runner/services/logs.ts";
import { until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage } from "./docker-fixture.ts";
import { collected, type TestProject, testProject } from "./services-fixture.ts";

let shop: TestProject;

beforeAll(async () => {
  await makeBusyboxImage();
  shop = testProject("logs");
  shop.write(FILE);
  writeFileSync(join(shop.home, "config.toml"), 'log_max_size = "1m"\n');
  await shop.up();
  for (const name of ["api", "worker"]) await written(name, `${name} starts`);
  await say("api", "api 1");
  await say("worker", "worker 1", "/complain");
  await say("api", '{"level":"warn","msg":"api 2","took":7}');
  await say("worker", "worker 2");
});
afterAll(async () => {
  await shop?.remove();
  await docker.getImage(BUSYBOX).remove({ force: true });
});

const write = (name: string) => [
  `echo ${name} starts`,
  "while sleep 0.1; do test -f /say && cat /say && rm /say; test -f /complain && cat /complain >&2 && rm /complain; done",
];
const command = (name: string) => JSON.stringify(["sh", "-c", write(name).join("; ")]);

/** Each writes what is put into its files. */
const FILE = `
services:
  api: { image: "${BUSYBOX}", init: true, command: ${command("api")} }
  worker: { image: "${BUSYBOX}", init: true, command: ${command("worker")}, logging: { options: { max-size: 5m } } }
`;

/** Resolves when the engine has it, and so has given it its time. */
async function say(service: string, text: string, file = "/say"): Promise<void> {
  const taken = `while test -f ${file}; do sleep 0.1; done`;
  await shop.exec(service, "sh", "-c", `echo '${text}' > /new; mv /new ${file}; ${taken}`);
  await written(service, text);
}

function written(service: string, text: string): Promise<true> {
  return until(async () => {
    const logs = await shop.container(service).logs({ stdout: true, stderr: true });
    return logs.includes(text) ? true : undefined;
  });
}

const texts = (lines: readonly ServiceLine[]) =>
  lines.map(({ service, text }) => [service, text.replace(/"took.*/, "")]);

async function logs(...words: string[]): Promise<string[]> {
  const { output, ended } = started(...words);
  const lines = collected(createInterface({ input: output }));
  expect(await ended).toEqual([0, null]);
  return lines;
}

function started(...words: string[]) {
  const env = { ...process.env, WINDLASS_HOME: shop.home };
  const child = spawn(process.execPath, ["runner/cli/main.ts", "services", "logs", shop.name, ...words], { env });
  return { child, output: child.stdout, ended: once(child, "exit") };
}

const WRITTEN = [
  ["api", "api 1"],
  ["worker", "worker 1"],
  ["api", expect.stringContaining("api 2")],
  ["worker", "worker 2"],
];

test("by the setting the engine keeps so much of them, unless the file says it", async () => {
  const { HostConfig: api } = await shop.container("api").inspect();
  expect(api.LogConfig).toEqual({ Type: "json-file", Config: { "max-size": "1m", "max-file": "3" } });
  const { HostConfig: worker } = await shop.container("worker").inspect();
  expect(worker.LogConfig).toEqual({ Type: "json-file", Config: { "max-size": "5m" } });
});

describe("logs", () => {
  test("of several services come in the order of time, of one alone, the last, and from and to a time", async () => {
    const read = (options: object = {}) => collected(servicesLogs({ files: [shop.name], home: shop.home, ...options }));
    const whole = await read();
    expect(
      whole
        .slice(0, 2)
        .map(({ text }) => text)
        .sort(),
    ).toEqual(["api starts", "worker starts"]);
    const all = whole.slice(2);
    expect(texts(all)).toEqual(WRITTEN);
    expect(all.map(({ stream }) => stream)).toEqual(["stdout", "stderr", "stdout", "stdout"]);
    expect(texts(await read({ services: ["worker"], tail: 2 }))).toEqual([WRITTEN[1], WRITTEN[3]]);
    expect(texts(await read({ tail: 1 }))).toEqual([WRITTEN[2], WRITTEN[3]]);
    // To the millisecond, which is what a time in JavaScript has.
    const at = (index: number, after: number) => new Date(Date.parse(all[index]?.time ?? "") + after).toISOString();
    expect(texts(await read({ since: at(1, -1) }))).toEqual(WRITTEN.slice(1));
    expect(texts(await read({ since: at(1, -1), until: at(2, 1) }))).toEqual(WRITTEN.slice(1, 3));
  });

  test("--json: one record a line, with what a line of JSON says", async () => {
    const records = (await logs("--json")).map((line) => JSON.parse(line));
    expect(records.slice(2, 5)).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        service: "api",
        container: `${shop.name}-api-1`,
        stream: "stdout",
        message: "api 1",
      },
      {
        timestamp: expect.any(String),
        service: "worker",
        container: `${shop.name}-worker-1`,
        stream: "stderr",
        message: "worker 1",
      },
      {
        timestamp: expect.any(String),
        service: "api",
        container: `${shop.name}-api-1`,
        stream: "stdout",
        level: "warn",
        message: "api 2",
        fields: { took: 7 },
      },
    ]);
  });

  test("--follow goes on through a restart and with what is made meanwhile, and ends when nothing runs", async () => {
    const heard: ServiceLine[] = [];
    const follow = (async () => {
      for await (const line of servicesLogs({ files: [shop.name], home: shop.home, follow: true, tail: 1 }))
        heard.push(line);
    })();
    const hears = (service: string, text: string) =>
      until(() => heard.find((line) => line.service === service && line.text === text));
    await hears("worker", "worker 2");
    await say("worker", "worker 3");
    await hears("worker", "worker 3");
    await shop.container("worker").restart({ t: 0 });
    await until(() => (heard.filter(({ text }) => text === "worker starts").length === 1 ? true : undefined));
    expect(heard.filter(({ text }) => text === "worker 3").length).toBe(1);
    await shop.container("api").remove({ force: true });
    await shop.up();
    await until(() => (heard.filter(({ text }) => text === "api starts").length === 1 ? true : undefined));
    await servicesDown({ files: [shop.name], home: shop.home });
    await follow;
    await shop.up();
  });

  test("--follow ends with its reader, and at Ctrl-C", async () => {
    const piped = started("--follow");
    const [first] = await once(createInterface({ input: piped.output }), "line");
    expect(first).toMatch(/-(api|worker)-1 +\| \w+ starts$/);
    piped.output.destroy();
    await say("api", "one more");
    expect(await piped.ended).toEqual([0, null]);
    const interrupted = started("--follow");
    await once(interrupted.output, "data");
    interrupted.child.kill("SIGINT");
    expect(await interrupted.ended).toEqual([0, null]);
  });

  test("--follow until a time is refused", async () => {
    const { ended, child } = started("--follow", "--until", "1m");
    const errors = collected(child.stderr);
    expect(await ended).toEqual([2, null]);
    expect(Buffer.concat(await errors).toString()).toContain("--follow goes on");
  });
});
