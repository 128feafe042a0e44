import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type Docker from "dockerode";
import { follow, unless } from "./engine.ts";

/** Releases of Debian that images are built on. */
export type DebianRelease = "bookworm" | "trixie";

/** How long a registry may be silent before the image is made here, in milliseconds. */
const pullPatience = 20_000;

/**
 * A Debian image to build on: the one that is there, else pulled, else made by debootstrap (half a minute).
 * @throws Error that says what to do where none of these works.
 */
export async function baseImage(
  docker: Docker,
  dataDir: string,
  progress: (line: string) => void,
  release: DebianRelease = "bookworm",
): Promise<string> {
  const pulled = `debian:${release}-slim`;
  const own = `windlass-base:${release}`;
  for (const image of [pulled, own]) {
    if (await unless([404], docker.getImage(image).inspect())) return image;
  }
  const refusal = await pull(docker, pulled, progress);
  if (refusal === undefined) return pulled;
  progress(`${pulled} cannot be pulled (${refusal}): making a Debian ${release} with debootstrap`);
  await debootstrap(docker, { release, own, pulled }, join(dataDir, `debootstrap-${release}`), progress);
  return own;
}

/** Answers with why it could not be pulled. */
async function pull(docker: Docker, pulled: string, progress: (line: string) => void): Promise<string | undefined> {
  progress(`pulling ${pulled}`);
  const patience = new AbortController();
  let timer = setTimeout(() => patience.abort(), pullPatience);
  const heard = (line: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => patience.abort(), pullPatience);
    progress(line);
  };
  try {
    const stream = await docker.pull(pulled, { abortSignal: patience.signal });
    await follow(docker, stream, heard);
    return undefined;
  } catch (error) {
    return patience.signal.aborted ? "the registry does not answer" : reason(error as Error);
  } finally {
    clearTimeout(timer);
  }
}

function reason(error: Error): string {
  return error.message.replace(/^\(HTTP code \d+\) [\w ]+ - /, "").trim();
}

interface Making {
  release: DebianRelease;
  /** The image's name. */
  own: string;
  /** What it stands in for. */
  pulled: string;
}

/** Half of the image: what apt brings again, and what nobody reads in a container. */
const LEFT_OUT = [
  "var/cache/apt/*",
  "var/lib/apt/lists/*",
  "usr/share/locale/*",
  "usr/share/doc/*",
  "usr/share/man/*",
].map((path) => `--exclude=./${path}`);

async function debootstrap(
  docker: Docker,
  { release, own, pulled }: Making,
  folder: string,
  progress: (line: string) => void,
): Promise<void> {
  await requireDebootstrap(pulled, progress);
  const root = join(folder, "root");
  rmSync(folder, { recursive: true, force: true });
  try {
    // In a mount namespace of its own, so that a kill leaves no mounts behind.
    const command = ["--mount", "--kill-child", "debootstrap", "--variant=minbase", release, root];
    await finished(spawn("unshare", command, { stdio: ["ignore", "pipe", "pipe"] }), "debootstrap", progress);
    progress("importing it into the Docker engine");
    const pack = spawn("tar", ["-C", root, ...LEFT_OUT, "-c", "."], { stdio: ["ignore", "pipe", "pipe"] });
    const [repo, tag] = own.split(":");
    const imported = docker.importImage(pack.stdout, { repo, tag });
    await Promise.all([
      imported.then((stream) => follow(docker, stream, progress)),
      finished(pack, "tar", () => {}, false),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function requireDebootstrap(pulled: string, progress: (line: string) => void): Promise<void> {
  const silent = () => {};
  const there = await finished(spawn("debootstrap", ["--version"]), "debootstrap", silent).then(
    () => true,
    () => false,
  );
  const root = process.getuid?.() === 0;
  if (there && root) return;
  const advice = `let the Docker engine pull ${pulled} (docker pull ${pulled}), or load it from a file (docker load)`;
  if (!root)
    throw new Error(
      `there is no Debian image to build on: ${advice}, or run this once as root with debootstrap installed`,
    );
  progress("installing debootstrap");
  const environment = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  const install = () => finished(spawn("apt-get", ["install", "-qy", "debootstrap"], environment), "apt-get", progress);
  await install()
    .catch(() => finished(spawn("apt-get", ["update", "-q"], environment), "apt-get", progress).then(install))
    .catch((error: Error) => {
      throw new Error(
        `there is no Debian image to build on, and debootstrap cannot be installed (${error.message}): ${advice}`,
      );
    });
}

/** Waits for a process; its output goes to `line`. @throws Error with its last lines where it failed. */
function finished(child: ChildProcess, name: string, line: (text: string) => void, stdout = true): Promise<void> {
  const last: string[] = [];
  for (const stream of [stdout ? child.stdout : null, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (text) => {
      line(text);
      last.push(text);
      if (last.length > 5) last.shift();
    });
  }
  return new Promise((done, fail) => {
    child.once("error", (error) => fail(new Error(`${name} does not start: ${error.message}`)));
    child.once("close", (code) =>
      code === 0 ? done() : fail(new Error(`${name} ended with ${code}: ${last.join("; ")}`)),
    );
  });
}
