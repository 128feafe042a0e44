import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeProgram } from "../step-text.ts";

/** The two programs that the bootstrap leaves on a node, run here with stand-ins for nvidia-smi, ps and the like. */
let root: string;
let children: ChildProcess[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "windlass-node-programs-"));
  children = [];
  mkdirSync(join(root, "bin"));
  mkdirSync(join(root, "state"));
  gpus("0, 500\n0, 500");
  stub("ps", `echo "1 /sbin/init"`);
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
});

function stub(name: string, body: string): void {
  writeFileSync(join(root, "bin", name), `#!/bin/bash\n${body}\n`);
  chmodSync(join(root, "bin", name), 0o755);
}

/** Lines of utilisation and memory, and the processes on the GPUs. */
function gpus(lines: string, pids: readonly number[] = []): void {
  stub("nvidia-smi", `case $* in *compute-apps*) printf '${pids.join("\\n")}\\n' ;; *) printf '${lines}\\n' ;; esac`);
}

const environment = (more: Record<string, string> = {}) => ({
  ...process.env,
  PATH: `${join(root, "bin")}:${process.env.PATH}`,
  WINDLASS_STATE_FOLDER: join(root, "state"),
  ...more,
});

function program(name: "sample" | "watchdog", args: string[] = [], more: Record<string, string> = {}) {
  const file = join(root, name);
  writeFileSync(file, nodeProgram(name));
  const { status, stdout, stderr } = spawnSync("bash", [file, ...args], { env: environment(more), encoding: "utf8" });
  expect(stderr).toBe("");
  return { status, stdout };
}

const state = (name: string) => join(root, "state", name);
const samples = () => readFileSync(state("samples"), "utf8").split("\n").filter(Boolean);
const write = (name: string, text: string) => {
  mkdirSync(dirname(state(name)), { recursive: true });
  writeFileSync(state(name), text);
};
/** A process with that start time in the form of the state files. */
const identity = (pid: number) => `${pid} ${readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19]}`;
const process_ = (script: string) => {
  const child = spawn("bash", ["-c", script], { stdio: "ignore" });
  children.push(child);
  return child.pid as number;
};
/** One reading as the watcher at that time takes it, without its time. */
const poll = (at: number, seconds = 0) =>
  program("sample", ["poll", `${at}`, `${seconds}`])
    .stdout.trim()
    .split("\n");
const reading = (at = 1000) => poll(at).at(-2)?.replace(/^\d+ /, "");

describe("a reading", () => {
  test("is a line with the time, every GPU, people, jobs, and models being read", () => {
    gpus("0, 500\n97, 70123");
    const before = Math.floor(Date.now() / 1000);
    program("sample");
    const [line] = samples();
    expect(line).toMatch(/^\d+ gpu=0,500;97,70123 ssh=0 jobs=0 loading=0$/);
    expect(Number(line?.split(" ")[0])).toBeGreaterThanOrEqual(before);
  });

  test.each([
    ["fails", "echo 'no driver'; exit 9", "error nvidia-smi ended with code 9: no driver"],
    ["knows no utilisation", "echo '[N/A], 500'", "error nvidia-smi shows no utilisation: [N/A], 500"],
    ["says nothing", "true", "error nvidia-smi shows no utilisation: "],
  ])("is an error where nvidia-smi %s", (_, body, line) => {
    stub("nvidia-smi", body);
    expect(`${reading()} `.trimEnd()).toBe(line.trimEnd());
  });

  test("counts the training job as long as it lives", () => {
    write("training.pid", `${identity(process.pid)}\n`);
    expect(reading()).toContain("jobs=1");
    write("training.exit", "0");
    expect(reading()).toContain("jobs=0");
  });

  test("does not count another process that has the training job's number", () => {
    write("training.pid", `${process.pid} 1\n`);
    expect(reading()).toContain("jobs=0");
  });

  test("counts a process on a GPU when it is new, and later where it computes", async () => {
    const pid = process_("sleep 600");
    await until(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("sleep"));
    gpus("0, 500", [pid]);
    expect(reading()).toContain("jobs=1");
    age("processes");
    expect(reading()).toContain("jobs=0");
    computed("processes");
    expect(reading()).toContain("jobs=1");
  });

  test("tells a process on a GPU that has read a model's worth", async () => {
    const fifo = join(root, "go");
    const pid = process_(`mkfifo ${fifo}; read -r _ <${fifo}; exec dd if=/dev/zero of=/dev/null bs=1M iflag=fullblock`);
    gpus("0, 500", [pid]);
    reading();
    expect(reading()).toContain("loading=0");
    await until(() => existsSync(fifo));
    writeFileSync(fifo, "\n");
    await until(() => Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]) > 80 << 20);
    expect(reading()).toContain("loading=1");
  });

  test("counts people whom sshd has let in, strangers at the door not, watchers not", () => {
    const [person, watcher] = [process_("sleep 600"), process_("sleep 600")];
    stub(
      "ps",
      `cat <<END
${person} sshd: root@pts/0
${watcher} sshd-session: root@notty
${process.pid} sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
77 sshd: root [priv]
78 sshd: unknown [net]
END`,
    );
    write("sampler/watchers", `${identity(watcher)}\n`);
    expect(reading()).toContain("ssh=1");
  });

  test("a poll knows its own connection, and forgets those that have ended", () => {
    stub("ps", `echo "${process.pid} sshd: root@notty"`);
    write("sampler/watchers", "999999 1\n");
    expect(reading()).toContain("ssh=0");
    expect(readFileSync(state("sampler/watchers"), "utf8")).toBe(`${identity(process.pid)}\n`);
    program("sample");
    expect(samples().at(-1)).toContain("ssh=0");
  });

  test("after a start of the machine tells of it", () => {
    poll(1000);
    write("sampler/boot", "another boot\n");
    poll(1060);
    expect(samples()).toEqual([
      expect.stringContaining("1000 gpu"),
      "1060 error the machine has been started",
      expect.stringContaining("1060 gpu"),
    ]);
  });
});

describe("a poll", () => {
  const quiet = "gpu=0,500;0,500 ssh=0 jobs=0 loading=0";

  test("prints the window, with equal readings on one line, and says that it is whole", () => {
    write(
      "samples",
      [`940 ${quiet}`, `1000 ${quiet}`, `1060 ${quiet}`, `1120 ${quiet}`, `1181 ${quiet}`, "1240 error x"].join("\n"),
    );
    expect(poll(1300, 300)).toEqual([
      `1000+60x2+61 ${quiet}`,
      "1240 error x",
      "1300 error the machine has been started",
      `1300 ${quiet}`,
      "end",
    ]);
  });

  test("shows what cannot be read", () => {
    write("samples", `1000 ${quiet}\n1060 gpu=0,5001120 ${quiet}\n\u0007garbage\n`);
    expect(poll(1180, 300)).toContain("\u0007garbage");
  });

  test("begins a new line after one that was cut off", () => {
    write("samples", "1000 gpu=0,5");
    poll(1060);
    expect(samples()[0]).toBe("1000 gpu=0,5");
  });

  test("takes lines that are stamped later than now for taken now, from then on", () => {
    write("samples", `1000 ${quiet}\n5000 error future\n`);
    expect(poll(1060, 100)).toContain("1060 error future");
    expect(poll(1120, 100)).toContain("1060 error future");
    expect(poll(1200, 100).join()).not.toContain("future");
  });

  test("tells the node the watcher's time, which later readings are stamped with", () => {
    const ahead = Math.floor(Date.now() / 1000) + 1_000_000;
    poll(ahead);
    program("sample");
    expect(Number(samples().at(-1)?.split(" ")[0]) - ahead).toBeLessThan(60);
  });

  test("leaves a trace for the alarm", () => {
    poll(1000);
    expect(existsSync(state("watcher-seen"))).toBe(true);
  });
});

test("the file of readings is cut at two megabytes, at a line's beginning", () => {
  write(
    "samples",
    `${Array.from({ length: 44_000 }, (_, index) => `${index} gpu=0,500 ssh=0 jobs=0 loading=0 ..........`).join("\n")}\n`,
  );
  poll(50_000);
  const lines = samples();
  expect(readFileSync(state("samples")).length).toBeLessThan(1_600_000);
  expect(lines[0]).toMatch(/^\d+ gpu=0,500 ssh=0 jobs=0 loading=0/);
  expect(lines.at(-1)).toMatch(/^50000 gpu/);
});

test("readings from several sides at once are whole lines", async () => {
  const file = join(root, "sample");
  writeFileSync(file, nodeProgram("sample"));
  await Promise.all(
    Array.from(
      { length: 8 },
      () => new Promise((done) => spawn("bash", [file], { env: environment(), stdio: "ignore" }).on("close", done)),
    ),
  );
  expect(samples()).toHaveLength(8);
  for (const line of samples()) expect(line).toMatch(/^\d+ gpu=0,500;0,500 ssh=0 jobs=0 loading=0$/);
});

test("the loop takes a reading every step, and is alone", { timeout: 60_000 }, async () => {
  write("watch.conf", "SAMPLE_SECONDS=1\n");
  stub("sleep", `echo "$1" >>${join(root, "pauses")}; exec /bin/sleep "$1"`);
  const file = join(root, "sample");
  writeFileSync(file, nodeProgram("sample"));
  children.push(spawn("bash", [file, "loop"], { env: environment(), stdio: "ignore" }));
  await until(() => existsSync(state("samples")) && samples().length >= 3);
  expect(program("sample", ["loop"]).status).toBe(0);
  const times = samples().map((line) => Number(line.split(" ")[0]));
  expect(times).toEqual([...new Set(times)].sort());
  // Not by the times: a machine that stalls takes its readings later.
  expect(new Set(readFileSync(join(root, "pauses"), "utf8").trim().split("\n"))).toEqual(new Set(["1"]));
});

describe("the alarm", () => {
  const told = () =>
    existsSync(join(root, "told")) ? readFileSync(join(root, "told"), "utf8").split("\n").filter(Boolean) : [];
  let bodies: string[];
  let address: string;
  let close: () => void;
  let status: number;

  beforeEach(async () => {
    bodies = [];
    status = 200;
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        bodies.push(body);
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    close = () => server.close();
    stub("logger", `echo "logger $*" >>${join(root, "told")}`);
    stub("wall", `echo "wall $(cat)" >>${join(root, "told")}`);
    write("uptime", "900000.00 1.0\n");
  });
  afterEach(() => close());

  const seen = (hoursAgo: number, name = "watcher-seen") => {
    write(name, "");
    const time = Date.now() / 1000 - hoursAgo * 3600;
    utimesSync(state(name), time, time);
  };
  const watchdog = async (hours: string, webhook = "") => {
    write("watch.conf", `SAMPLE_SECONDS=60\nALARM_HOURS=${hours}\nWEBHOOK='${webhook}'\n`);
    const file = join(root, "watchdog");
    writeFileSync(file, nodeProgram("watchdog"));
    const child = spawn("bash", [file], {
      env: environment({ WINDLASS_UPTIME_FILE: state("uptime") }),
      stdio: "ignore",
    });
    return new Promise((done) => child.on("close", done));
  };

  test("goes to the journal, to whoever is logged in, and to the webhook", async () => {
    seen(7);
    await watchdog("6", address);
    expect(told()).toEqual([
      expect.stringMatching(
        /^logger -t windlass -p daemon\.alert -- .*no windlass watcher has looked at this machine for 7 h/,
      ),
      expect.stringMatching(/^wall .*no windlass watcher/),
    ]);
    expect(JSON.parse(bodies[0] as string).text).toContain("for 7 h");
  });

  test("is given once an hour at most", async () => {
    seen(7);
    await watchdog("6");
    await watchdog("6");
    expect(told()).toHaveLength(2);
    seen(1.1, "alarm-given");
    await watchdog("6");
    expect(told()).toHaveLength(4);
  });

  test.each([
    ["a watcher was here", "6", 5],
    ["it is off", "off", 700],
  ])("is not given where %s", async (_, hours, ago) => {
    seen(ago);
    await watchdog(hours, address);
    expect([...told(), ...bodies]).toEqual([]);
  });

  test("counts from the machine's start, where that was later", async () => {
    seen(100);
    write("uptime", "600.00 1.0\n");
    await watchdog("6");
    expect(told()).toEqual([]);
  });

  test("tells the journal where the webhook does not take it", async () => {
    seen(7);
    status = 500;
    await watchdog("0.5", address);
    expect(told().at(-1)).toContain("could not be sent to the webhook");
  });
});

/** Makes the figures that processes are compared with as old as a step. */
function age(name: string): void {
  const [uptime, ...lines] = readFileSync(state(`sampler/${name}`), "utf8").split("\n");
  writeFileSync(state(`sampler/${name}`), [Number(uptime) - 6000, ...lines].join("\n"));
}

/** As if the processes had taken no processor time by then: a million ticks less than they had. */
function computed(name: string): void {
  const [uptime, ...lines] = readFileSync(state(`sampler/${name}`), "utf8")
    .trimEnd()
    .split("\n");
  const before = lines.map((line) => line.replace(/ (\d+) /, (_, ticks) => ` ${Number(ticks) - 1_000_000} `));
  writeFileSync(state(`sampler/${name}`), [uptime, ...before, ""].join("\n"));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((again) => setTimeout(again, 20));
}
