import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import Docker from "dockerode";
import ssh2 from "ssh2";
import { generateKeyPair } from "../../clients/ssh/key.ts";
import type { DropletSpec } from "../../local/cloud/backend.ts";
import { freeRange } from "./docker-fixture.ts";

/** A key pair for the droplets of one test run. */
export const keys = generateKeyPair("windlass-test");

/** The range of the VPC that the tests share; a process that a test starts has the same. */
process.env.TEST_VPC_RANGE ??= await freeRange();

/** A GPU droplet in the VPC that the tests share, unless `changes` says otherwise. */
export function dropletSpec(id: number, changes: Partial<DropletSpec> = {}): DropletSpec {
  return {
    id,
    name: `node-${id}`,
    sizeSlug: "gpu-h100x1-80gb",
    vcpus: 20,
    memoryMiB: 245_760,
    diskGiB: 720,
    gpu: { model: "nvidia_h100", count: 1, memoryMiB: 81_920 },
    image: { slug: "gpu-h100x1-base", gpu: true, docker: true },
    region: "nyc2",
    authorizedKeys: [keys.public],
    vpcId: "5a4981aa-9653-4bd1-bef5-d6bff52042e4",
    vpcRange: process.env.TEST_VPC_RANGE ?? "",
    ...changes,
  };
}

/** Repeats until the answer is not undefined; errors count as "not yet". @throws the last error after `seconds`. */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`not within ${seconds} s`, { cause: last });
}

/** An ssh connection to a droplet, and the host key it showed. */
export class Ssh {
  readonly hostKey: string;
  readonly #client: ssh2.Client;

  constructor(client: ssh2.Client, hostKey: string) {
    this.#client = client;
    this.hostKey = hostKey;
  }

  /** Runs a command and answers with its output. @throws Error where it fails. */
  run(command: string): Promise<string> {
    return new Promise((done, fail) => {
      this.#client.exec(command, (error, stream) => {
        if (error) return fail(error);
        let [out, err] = ["", ""];
        stream.on("data", (data: Buffer) => {
          out += data;
        });
        stream.stderr.on("data", (data: Buffer) => {
          err += data;
        });
        stream.on("close", (code: number) =>
          code === 0 ? done(out.trim()) : fail(new Error(`${command}: ${code}: ${err}${out}`)),
        );
      });
    });
  }

  close(): void {
    this.#client.end();
  }
}

/** One attempt. */
export function sshOnce(host: string, options: Partial<ssh2.ConnectConfig> = {}): Promise<Ssh> {
  return new Promise((done, fail) => {
    let hostKey = "";
    const client = new ssh2.Client();
    client.on("ready", () => done(new Ssh(client, hostKey)));
    client.on("error", fail);
    client.connect({
      host,
      username: "root",
      privateKey: keys.private,
      readyTimeout: 20_000,
      hostVerifier: (key: Buffer) => {
        hostKey = key.toString("base64");
        return true;
      },
      ...options,
    });
  });
}

/** Attempts until the droplet answers. */
export function ssh(host: string): Promise<Ssh> {
  return until(() => sshOnce(host));
}

/** What a TCP connection to a port meets: "open", "refused" (nothing listens) or "closed" (no answer within 3 s, in which SYN is sent twice). */
export function port(host: string, number: number): Promise<"open" | "refused" | "closed"> {
  return new Promise((done) => {
    const socket = connect({ host, port: number, timeout: 3000 });
    const end = (answer: "open" | "refused" | "closed") => {
      socket.destroy();
      done(answer);
    };
    socket.once("connect", () => end("open"));
    // An answer that has come while this process stood still is heard before.
    socket.once("timeout", () => setImmediate(() => end("closed")));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ECONNREFUSED" ? "refused" : "closed"));
  });
}

/** Backing files of the loop devices in use on this machine. */
export function loopFiles(): string[] {
  return readdirSync("/sys/block")
    .filter((name) => name.startsWith("loop"))
    .flatMap((name) => {
      try {
        return [readFileSync(`/sys/block/${name}/loop/backing_file`, "utf8").trim()];
      } catch {
        return [];
      }
    });
}

/** Names of everything in the engine that belongs to a cloud. */
export async function belongings(cloud: string): Promise<string[]> {
  const docker = new Docker();
  const ours = { label: [`windlass.cloud=${cloud}`] };
  const containers = await docker.listContainers({ all: true, filters: ours });
  const networks = await docker.listNetworks({ filters: ours });
  const volumes = (await docker.listVolumes({ filters: ours })).Volumes ?? [];
  const images = await docker.listImages({ filters: { reference: [`windlass-${cloud}-snapshot`] } });
  return [
    ...containers.flatMap((container) => container.Names.map((name) => name.slice(1))),
    ...networks.map((network) => network.Name),
    ...volumes.map((volume) => volume.Name),
    ...images.flatMap((image) => image.RepoTags ?? []),
  ].sort();
}
