import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { namesOf } from "../../local/cloud/backends/docker/names.ts";
import removeDeadRuns from "../dead-runs.ts";
import { removeDeadFolders } from "../temporary-folder.ts";
import { belongings, loopFiles, until } from "./backend-fixture.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX } from "./docker-fixture.ts";

/** What a run does in the beginning; it says where its cloud lies, and waits to be killed. */
const RUN = `
import temporaryFolder from "${import.meta.resolve("../temporary-folder.ts")}";
temporaryFolder();
const { createDockerBackend } = await import("${import.meta.resolve("../../local/cloud/backends/docker/backend.ts")}");
const { docker, PREFIX } = await import("${import.meta.resolve("./docker-fixture.ts")}");
const { raise, volumes } = await import("${import.meta.resolve("./backend-life.ts")}");
const { keys } = await import("${import.meta.resolve("./backend-fixture.ts")}");
const { join } = await import("node:path");
const { spawn } = await import("node:child_process");
const dataDir = join(process.env.TMPDIR, "cloud");
await raise(createDockerBackend({ dataDir, log: () => {} }), keys.public);
await docker.createVolume({ Name: PREFIX + "-data" });
await docker.createNetwork({ Name: PREFIX + "-net" });
await docker.getImage("${BUSYBOX}").tag({ repo: PREFIX + "/busybox", tag: "1" });
const options = { name: PREFIX + "-web", Image: PREFIX + "/busybox:1", Cmd: ["sleep", "1000"] };
const HostConfig = { NetworkMode: PREFIX + "-net", Binds: [PREFIX + "-data:/data"] };
await (await docker.createContainer({ ...options, HostConfig })).start();
const left = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
console.log(JSON.stringify({ folder: process.env.TMPDIR, dataDir, prefix: PREFIX, volume: volumes.data, left: left.pid }));
`;

async function named(prefix: string): Promise<string[]> {
  const containers = (await docker.listContainers({ all: true })).flatMap(({ Names }) => Names);
  const networks = (await docker.listNetworks()).map(({ Name }) => Name);
  const volumes = (await docker.listVolumes()).Volumes.map(({ Name }) => Name);
  const images = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  return [...containers, ...networks, ...volumes, ...images].filter((name) => name.includes(prefix));
}

test("what a killed run left is gone before the next one, what a living run has stays", async () => {
  await makeBusyboxImage();
  const parent = mkdtempSync(join(tmpdir(), "runs-"));
  const run = spawn(process.execPath, ["--input-type=module", "-e", RUN], {
    env: { ...process.env, TMPDIR: parent },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const failed = once(run, "close").then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
    const [line] = await Promise.race([once(createInterface(run.stdout), "line"), failed]);
    const { folder, dataDir, prefix, volume, left } = JSON.parse(line) as Record<string, string>;
    const { cloud } = namesOf(dataDir ?? "");
    const before = [await named(prefix ?? ""), await belongings(cloud)];
    expect(before.map(({ length }) => length)).toEqual([4, expect.any(Number)]);

    await removeDeadRuns();
    removeDeadFolders(parent);
    expect([await named(prefix ?? ""), await belongings(cloud)]).toEqual(before);
    expect(existsSync(dataDir ?? "")).toBe(true);
    expect(loopFiles().filter((file) => file.includes(volume ?? ""))).toHaveLength(2);

    run.kill("SIGKILL");
    await failed.catch(() => {});
    // Gone before the engine is asked: the labels alone must be enough.
    rmSync(dataDir ?? "", { recursive: true });
    // Runs that begin at the same time remove the same.
    await Promise.all([removeDeadRuns(), removeDeadRuns()]);
    removeDeadFolders(parent);
    expect([await named(prefix ?? ""), await belongings(cloud)]).toEqual([[], []]);
    expect(loopFiles().filter((file) => file.includes(volume ?? ""))).toEqual([]);
    expect([existsSync(folder ?? ""), readdirSync(parent)]).toEqual([false, []]);
    await until(() =>
      existsSync(`/proc/${left}`) && readFileSync(`/proc/${left}/cmdline`, "utf8") ? undefined : true,
    );
    expect(await named(PREFIX)).toEqual([BUSYBOX]);
  } finally {
    run.kill("SIGKILL");
    await docker.getImage(BUSYBOX).remove({ force: true });
    rmSync(parent, { recursive: true, force: true });
  }
});
