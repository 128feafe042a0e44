import { PassThrough, type Readable, Writable } from "node:stream";
import type Docker from "dockerode";
import type { ContainerInfo } from "dockerode";
import { LABEL } from "../../domain/services/labels.ts";
import type { PlacedPort } from "../../domain/services/ports.ts";
import { PORTS_LABEL, placedPorts } from "../../domain/services/ports-published.ts";
import { asking, type EngineAddress } from "./engine.ts";

/** A container of a project. */
export interface ProjectContainer {
  id: string;
  name: string;
  service: string;
  number: number;
  image: string;
  /** The engine's word: `running`, `exited`, `restarting`, ... */
  state: string;
  /** `healthy`, `unhealthy`, `starting`; null where nothing checks it. */
  health: string | null;
  /** Of one that has ended; null for the others. */
  exitCode: number | null;
  /** As in `Up 3 minutes (healthy)`. */
  status: string;
  ports: PublishedPort[];
  /** Its image only takes the place of the one that was declared. */
  standIn: boolean;
}

export interface PublishedPort {
  /** Of the host; null where it is not published. */
  published: number | null;
  ip: string | null;
  target: number;
  protocol: string;
  /** What the file asks for, where something else is published in its place. */
  wanted?: string;
}

/** All containers with the labels of a Compose project, stopped ones too, by service and number. */
export async function projectContainers(
  docker: Docker,
  address: EngineAddress,
  project: string,
  abortSignal?: AbortSignal,
): Promise<ProjectContainer[]> {
  const filters = { label: [`${LABEL.project}=${project}`, `${LABEL.oneoff}=False`] };
  const options = { all: true, filters, ...(abortSignal ? { abortSignal } : {}) };
  const found = await asking(address, "list containers", () => docker.listContainers(options));
  return found.map(described).sort((a, b) => a.service.localeCompare(b.service, "en") || a.number - b.number);
}

function described(found: ContainerInfo): ProjectContainer {
  const moved = placedPorts("", found.Labels[PORTS_LABEL]);
  return {
    id: found.Id,
    name: (found.Names[0] ?? "").replace(/^\//, ""),
    service: found.Labels[LABEL.service] ?? "",
    number: Number(found.Labels[LABEL.number] ?? 1),
    image: found.Image,
    state: found.State,
    health: healthIn(found.Status),
    exitCode: exitCodeIn(found.Status),
    status: found.Status,
    standIn: found.Labels[LABEL.standIn] !== undefined,
    ports: found.Ports.map(({ PublicPort, IP, PrivatePort, Type }) => ({
      published: PublicPort ?? null,
      ip: IP ?? null,
      target: PrivatePort,
      protocol: Type,
      ...wantedOf(moved, PrivatePort, PublicPort, Type),
    })).sort((a, b) => a.target - b.target || (a.published ?? 0) - (b.published ?? 0)),
  };
}

function wantedOf(moved: readonly PlacedPort[], target: number, published: number | undefined, protocol: string) {
  const found = moved.find((one) => one.target === target && one.published === published && one.protocol === protocol);
  return found ? { wanted: found.wanted } : {};
}

/** The list of containers tells of health in the status text only. */
function healthIn(status: string): string | null {
  const [, word] = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status) ?? [];
  return word ?? null;
}

function exitCodeIn(status: string): number | null {
  const [, code] = /^Exited \((-?\d+)\)/.exec(status) ?? [];
  return code === undefined ? null : Number(code);
}

/** Removes a container that has ended; its volumes stay. */
export async function removeContainer(docker: Docker, address: EngineAddress, id: string): Promise<void> {
  await asking(address, `remove container ${id.slice(0, 12)}`, () => docker.getContainer(id).remove());
}

/** Restarts a container; it gets its own time to end. */
export async function restartContainer(docker: Docker, address: EngineAddress, id: string): Promise<void> {
  await asking(address, `restart container ${id.slice(0, 12)}`, () => docker.getContainer(id).restart());
}

export interface LogOptions {
  follow?: boolean;
  /** Last lines of each container; all without it. */
  tail?: number;
  /** Seconds since 1970; only newer lines. */
  since?: number;
  /** Seconds since 1970; only older lines. */
  until?: number;
  signal?: AbortSignal;
}

/** A line that a container has written. */
export interface LogLine {
  /** RFC 3339, as the engine stamps it. */
  time: string;
  stream: "stdout" | "stderr";
  text: string;
}

/** What a container writes, line by line; ends when the container's output does, or at the signal. */
export async function* containerLogs(
  docker: Docker,
  address: EngineAddress,
  id: string,
  { follow = false, tail, since, until, signal }: LogOptions = {},
): AsyncGenerator<LogLine> {
  const container = docker.getContainer(id);
  const doing = `read the logs of ${id.slice(0, 12)}`;
  const { Config } = await asking(address, doing, () => container.inspect());
  const options = {
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(tail === undefined ? {} : { tail }),
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
  };
  if (!follow) {
    const whole = await asking(address, doing, () => container.logs({ ...options, follow: false }));
    yield* sortedLines(whole as unknown as Buffer, Config.Tty);
    return;
  }
  const source = (await asking(address, doing, () =>
    container.logs({ ...options, follow: true }),
  )) as unknown as Readable;
  const lines = new PassThrough({ objectMode: true });
  const out = liner("stdout", (line) => lines.write(line));
  const err = liner("stderr", (line) => lines.write(line));
  if (Config.Tty) source.on("data", (chunk: Buffer) => out.push(chunk));
  else docker.modem.demuxStream(source, sink(out), sink(err));
  const end = () => {
    out.end();
    err.end();
    lines.end();
  };
  source.on("end", end).on("close", end).on("error", end);
  signal?.addEventListener("abort", () => (source as Readable).destroy(), { once: true });
  yield* lines;
}

function sink({ push }: { push: (chunk: Buffer) => void }): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      push(chunk);
      done();
    },
  });
}

/** The engine's multiplexed answer: per chunk a byte for the stream, three zeros, four bytes of length. */
function sortedLines(answer: Buffer, tty: boolean): LogLine[] {
  const lines: LogLine[] = [];
  const out = liner("stdout", (line) => lines.push(line));
  const err = liner("stderr", (line) => lines.push(line));
  if (tty) out.push(answer);
  else
    for (let at = 0; at + 8 <= answer.length; ) {
      const length = answer.readUInt32BE(at + 4);
      (answer[at] === 2 ? err : out).push(answer.subarray(at + 8, at + 8 + length));
      at += 8 + length;
    }
  out.end();
  err.end();
  return lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

/** Cuts a stream into stamped lines; bytes of one character may come in two chunks. */
function liner(stream: LogLine["stream"], emit: (line: LogLine) => void) {
  let rest: Buffer = Buffer.alloc(0);
  const tell = (raw: Buffer) => {
    const line = raw.toString("utf8").replace(/\r$/, "");
    const space = line.indexOf(" ");
    if (line !== "") emit({ time: line.slice(0, space), stream, text: line.slice(space + 1) });
  };
  return {
    push(chunk: Buffer): void {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        tell(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
      }
    },
    end(): void {
      tell(rest);
      rest = Buffer.alloc(0);
    },
  };
}
