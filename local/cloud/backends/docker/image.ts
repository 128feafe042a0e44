import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import { baseImage } from "./base-image.ts";
import { follow, unless } from "./engine.ts";
import { type ArchiveFile, tar } from "./tar.ts";

/** The targets of local/image/droplet/Dockerfile, each built on the one before. */
export const variants = ["plain", "docker", "gpu"] as const;
export type Variant = (typeof variants)[number];

const context = fileURLToPath(new URL("../../../image/droplet", import.meta.url));

/** The images droplets start from; their tag is a hash of the build context, so a change there is another image. */
export class DropletImages {
  readonly #docker: Docker;
  readonly #dataDir: string;
  readonly #context: Buffer = tar(contextFiles());
  readonly #tag: string = createHash("sha256").update(this.#context).digest("hex").slice(0, 12);

  constructor(docker: Docker, dataDir: string) {
    this.#docker = docker;
    this.#dataDir = dataDir;
  }

  name(variant: Variant): string {
    return `windlass-droplet-${variant}:${this.#tag}`;
  }

  /** Builds what is missing: about a minute where nothing is there, milliseconds where all is. @throws Error that says what to do. */
  async ensure(progress: (line: string) => void): Promise<void> {
    for (const variant of variants) {
      if (await unless([404], this.#docker.getImage(this.name(variant)).inspect())) continue;
      await this.#build(variant, progress);
    }
  }

  async #build(variant: Variant, progress: (line: string) => void): Promise<void> {
    const started = Date.now();
    const base = await baseImage(this.#docker, this.#dataDir, progress);
    progress(`building the ${variant} droplet image on ${base}`);
    const options: Docker.ImageBuildOptions = {
      t: this.name(variant),
      target: variant,
      networkmode: "host",
      buildargs: { BASE: base, ...proxies() },
      forcerm: true,
    };
    const stream = await this.#docker.buildImage(Readable.from([this.#context]), options);
    await follow(this.#docker, stream, progress).catch((error: Error) => {
      throw new Error(`the ${variant} droplet image could not be built: ${error.message}`, { cause: error });
    });
    progress(`built ${this.name(variant)} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
}

function contextFiles(): ArchiveFile[] {
  return readdirSync(context, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      path: relative(context, path).replaceAll("\\", "/"),
      content: readFileSync(path),
      mode: statSync(path).mode & 0o100 ? 0o755 : 0o644,
    }));
}

function proxies(): Record<string, string> {
  const names = ["http_proxy", "https_proxy", "no_proxy"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
