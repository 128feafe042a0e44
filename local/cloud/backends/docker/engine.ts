import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { type ArchiveFile, tar } from "./tar.ts";

/** What a command in a container left behind. */
export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Waits for an engine call and takes the named HTTP statuses as "nothing to do": undefined instead of an error. */
export async function unless<T>(statuses: number[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined;
    throw error;
  }
}

/** The container's description, or undefined where there is none of that name. */
export function inspect(docker: Docker, container: string): Promise<Docker.ContainerInspectInfo | undefined> {
  return unless([404], docker.getContainer(container).inspect());
}

/** How long a container may take to go, in milliseconds: what it has written goes with it. */
const removePatience = 120_000;

/** Removes a container and waits until it is gone, also where somebody else is removing it. Gone = done. */
export async function removeContainer(docker: Docker, name: string): Promise<void> {
  const container = docker.getContainer(name);
  const deadline = Date.now() + removePatience;
  await unless([404, 409], container.remove({ force: true, v: true }));
  while (await inspect(docker, name)) {
    if (Date.now() > deadline) throw new Error(`container ${name} does not go away`);
    await new Promise((wait) => setTimeout(wait, 50));
    await unless([404, 409], container.remove({ force: true, v: true }));
  }
}

/** Removes a volume, also one that a container has which is just being removed. Gone = done. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  await onceFree(() => unless([404], docker.getVolume(name).remove()), [409]);
}

/** How long something that is just being made or removed may be in the way, in milliseconds. */
const freePatience = 30_000;

/** Repeats a call that the engine refuses with one of these statuses while something that is just being made or removed is in the way. */
export async function onceFree<T>(call: () => Promise<T>, statuses: number[]): Promise<T> {
  const deadline = Date.now() + freePatience;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!statuses.includes((error as { statusCode?: number }).statusCode ?? 0) || Date.now() > deadline) throw error;
      await new Promise((wait) => setTimeout(wait, 50));
    }
  }
}

/** Runs a command in a running container to its end. @throws Error when the container is not running. */
export async function tryExec(docker: Docker, container: string, command: string[]): Promise<ExecResult> {
  const options = { Cmd: command, AttachStdout: true, AttachStderr: true };
  const exec = await docker.getContainer(container).exec(options);
  const stream = await exec.start({ hijack: false, stdin: false });
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.once("end", () => {
    out.end();
    err.end();
  });
  stream.once("error", (error: Error) => {
    out.destroy(error);
    err.destroy(error);
  });
  const [stdout, stderr] = await Promise.all([text(out), text(err)]);
  const { ExitCode } = await exec.inspect();
  return { code: ExitCode ?? -1, stdout, stderr };
}

/** As `tryExec`, for commands that must succeed. @throws Error with what the command said. */
export async function exec(docker: Docker, container: string, command: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryExec(docker, container, command);
  if (code === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).slice(-2000);
  throw new Error(`${command.slice(0, 3).join(" ")} in ${container} ended with ${code}: ${said}`);
}

/** Lays files (paths from the root) into a container, running or not. */
export async function putFiles(docker: Docker, container: string, files: ArchiveFile[]): Promise<void> {
  await docker.getContainer(container).putArchive(tar(files), { path: "/" });
}

/** Runs a container to its end and removes it. @throws Error with its output where it failed. */
export async function runOnce(docker: Docker, options: Docker.ContainerCreateOptions): Promise<void> {
  const container = await docker.createContainer({ ...options, Tty: true });
  try {
    await container.start();
    const { StatusCode } = await container.wait();
    if (StatusCode !== 0)
      throw new Error(`${options.Cmd?.join(" ")} failed: ${await container.logs({ stdout: true })}`);
  } finally {
    await removeContainer(docker, container.id);
  }
}

/** Follows an engine's progress stream to its end. @throws Error with the message the engine ends it with. */
export function follow(docker: Docker, stream: NodeJS.ReadableStream, line: (text: string) => void): Promise<void> {
  return new Promise((done, fail) => {
    const finished = (error: Error | null, events: Array<{ error?: string }> | null) => {
      const refused = events?.find((event) => event.error)?.error;
      if (error || refused) fail(error ?? new Error(refused));
      else done();
    };
    docker.modem.followProgress(stream, finished, (event: { stream?: string; status?: string }) => {
      const said = (event.stream ?? event.status ?? "").trim();
      if (said) line(said);
    });
  });
}
