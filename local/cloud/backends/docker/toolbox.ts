import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { exec, inspect, removeContainer, unless } from "./engine.ts";
import { label, type Names } from "./names.ts";

const answerPort = 7;
/** How long the toolbox gets to listen, in milliseconds; a third of it to answer then. */
const answerPatience = 30_000;

/**
 * What mounting, loop devices, nftables and nested Docker need, SYS_PTRACE to run commands (health checks) in a nested container whose program is
 * not root; never --privileged, which many hosts cannot give.
 */
const capabilities = ["SYS_ADMIN", "NET_ADMIN", "MKNOD", "SYS_PTRACE"];
/** Given where the host has it: growing a mounted ext4 takes it, and so do raised limits. */
const wished = "SYS_RESOURCE";

/**
 * A container that stays beside the droplets and does what must be done where the Docker engine runs: files and loop
 * devices of the volumes. It also proves what this host can do.
 */
export class Toolbox {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #image: string;
  #started: Promise<void> | undefined;

  constructor(docker: Docker, names: Names, image: string) {
    this.#docker = docker;
    this.#names = names;
    this.#image = image;
  }

  /** Runs a verb of local/image/droplet/common/usr/local/lib/windlass/block and answers with the lines it prints. */
  async block(...command: string[]): Promise<string[]> {
    const out = await this.#run(["/usr/local/lib/windlass/block", ...command]);
    return out.split("\n").filter((line) => line !== "");
  }

  /** The capabilities that containers can have here. */
  async capabilities(): Promise<string[]> {
    await this.start();
    const info = await this.#docker.getContainer(this.#names.toolbox).inspect();
    return info.HostConfig.CapAdd ?? capabilities;
  }

  /** Name servers of the host, as the engine gives them to containers. */
  async nameServers(): Promise<string[]> {
    const resolver = await this.#run(["cat", "/etc/resolv.conf"]);
    return [...resolver.matchAll(/^nameserver\s+([\d.]+)/gm)]
      .map((match) => match[1] ?? "")
      .filter((ip) => !ip.startsWith("127."));
  }

  /** @throws Error that says what this host cannot do. */
  async check(): Promise<void> {
    await this.block("check").catch((error: Error) => {
      throw new Error(
        `the machine of the Docker engine lacks something that droplets need (loop devices, nftables): ${error.message}`,
      );
    });
    const info = await inspect(this.#docker, this.#names.toolbox);
    const address = info?.NetworkSettings.Networks.bridge?.IPAddress ?? "";
    if ((await answer(address).catch(() => "")).trim() !== this.#names.cloud) {
      throw new Error(
        `containers cannot be reached from here (${address} does not answer): droplets need a Docker engine on this very Linux machine; Docker Desktop and rootless engines keep theirs behind a wall`,
      );
    }
  }

  start(): Promise<void> {
    this.#started ??= this.#ensure().catch((error) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  async remove(): Promise<void> {
    this.#started = undefined;
    await removeContainer(this.#docker, this.#names.toolbox);
  }

  /** Starts the toolbox anew where somebody has stopped or removed it. */
  async #run(command: string[]): Promise<string> {
    await this.start();
    const out = await unless([404, 409], exec(this.#docker, this.#names.toolbox, command));
    if (out !== undefined) return out;
    this.#started = undefined;
    await this.start();
    return exec(this.#docker, this.#names.toolbox, command);
  }

  async #ensure(): Promise<void> {
    const there = await inspect(this.#docker, this.#names.toolbox);
    if (there && there.Config.Image !== this.#image) await this.remove();
    const container = this.#docker.getContainer(this.#names.toolbox);
    if (there && there.Config.Image === this.#image) {
      await unless([304], container.start());
      return;
    }
    await this.#create([...capabilities, wished]);
    try {
      await unless([304], container.start());
    } catch {
      await removeContainer(this.#docker, this.#names.toolbox);
      await this.#create(capabilities);
      await unless([304], container.start());
    }
  }

  async #create(capAdd: string[]): Promise<void> {
    await this.#docker.createVolume({ Name: this.#names.blocks, Labels: this.#names.labels });
    const options: Docker.ContainerCreateOptions = {
      name: this.#names.toolbox,
      Image: this.#image,
      Hostname: "toolbox",
      Entrypoint: ["/usr/bin/tini", "--", "/usr/local/lib/windlass/toolbox"],
      Env: [`WINDLASS_CLOUD=${this.#names.cloud}`],
      Labels: { ...this.#names.labels, [label.kind]: "toolbox" },
      HostConfig: {
        Binds: [`${this.#names.blocks}:/wl/${this.#names.cloud}`],
        CapAdd: capAdd,
        SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined", "label=disable"],
        DeviceCgroupRules: ["b 7:* rmw", "c 10:237 rmw"],
        RestartPolicy: { Name: "unless-stopped" },
      },
    };
    await unless([409], this.#docker.createContainer(options));
  }
}

async function answer(address: string): Promise<string> {
  const deadline = Date.now() + answerPatience;
  for (;;) {
    const socket = connect({ host: address, port: answerPort });
    socket.setTimeout(answerPatience / 3, () => socket.destroy(new Error("no answer")));
    try {
      return await text(socket);
    } catch (error) {
      // Refused: the toolbox has just started and does not listen yet.
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED" || Date.now() > deadline) throw error;
      await new Promise((wait) => setTimeout(wait, 20));
    }
  }
}
