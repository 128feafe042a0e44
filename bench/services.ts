import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import Docker from "dockerode";
import { serviceStackFile } from "../catalog/services/names.ts";
import { load, required } from "../catalog/services/testing/load.ts";
import type { ComposeProject } from "../domain/compose/model.ts";
import { here } from "../tests/docker/stand-in-file.ts";
import { buildDockerCompose } from "../tools/docker-compose/build.ts";
import { makeStandInImages } from "../tools/images/stand-in/make-images.ts";
import { type Measurement, median } from "./measure.ts";

const WINDLASS = join(import.meta.dirname, "..", "windlass");
const ROUNDS = 3;

/** Names of our own, for tests that run meanwhile remove the usual ones. */
const IMAGES = "windlass-bench/";

/** What is measured, in the order in which it is done. */
const STEPS = ["cold", "unchanged", "restart", "down"] as const;
type Step = (typeof STEPS)[number];
const WORDS: Record<Step, string> = {
  cold: "up of COUNT services, until all are healthy",
  unchanged: "up again, nothing to change",
  restart: "restart of one service",
  down: "down",
};
type Program = Record<Step, readonly string[]>;

/**
 * The services of the trading file with stand-ins for their images, brought up by us and by `docker compose` in turn: whole commands. An up
 * ends when every service is healthy.
 */
export default async function services(progress: (line: string) => void): Promise<Measurement[]> {
  const compose = await buildDockerCompose();
  const docker = new Docker({ socketPath: "/var/run/docker.sock" });
  const folder = mkdtempSync(join(tmpdir(), "windlass-bench-services-"));
  const home = join(folder, "home");
  const { project } = load("trading");
  progress("stand-ins for the images");
  const images = await makeImages(docker, project);
  const programs = { windlass: windlassCommands(), compose: composeCommands(compose) };
  const secrets = Object.values(project.secrets ?? {}).map(({ environment = "" }) => [environment, "not-a-secret"]);
  const env = { ...process.env, ...required, ...Object.fromEntries(secrets), WINDLASS_HOME: home };
  const seconds: Record<string, number[]> = {};
  try {
    for (const name of Object.keys(programs)) {
      writeFileSync(
        fileOf(name),
        here({ ...project, name: `windlass-bench-${name}` }).replaceAll("windlass-stand-in/", IMAGES),
      );
    }
    for (let round = 0; round <= ROUNDS; round++)
      for (const [name, program] of Object.entries(programs)) {
        for (const step of STEPS) {
          const took = timed(program[step], env);
          if (round > 0) seconds[`${name} ${step}`] = [...(seconds[`${name} ${step}`] ?? []), took];
          progress(`${round === 0 ? "warm-up" : `round ${round}`}: ${name} ${step} ${took.toFixed(2)} s`);
        }
        await removeVolumes(docker, `windlass-bench-${name}`);
        for (const part of ["services", "services-state"]) rmSync(join(home, part), { recursive: true, force: true });
      }
  } finally {
    for (const { down } of Object.values(programs)) spawnSync(down[0] as string, down.slice(1), { env });
    for (const name of Object.keys(programs)) await removeVolumes(docker, `windlass-bench-${name}`);
    for (const image of images) await docker.getImage(image).remove({ force: true });
    rmSync(folder, { recursive: true, force: true });
  }
  return STEPS.map((step) => {
    const [value, theirs] = ["windlass", "compose"].map((name) => median(seconds[`${name} ${step}`] ?? []));
    return {
      what: WORDS[step].replace("COUNT", String(images.length)),
      value: value as number,
      unit: "s",
      ...(step === "down" ? {} : { target: { atMost: Number(theirs?.toFixed(2)) } }),
      beside: { what: "docker compose", value: theirs as number },
    };
  });

  function fileOf(name: string): string {
    return join(folder, `${name}.yaml`);
  }
  function windlassCommands(): Program {
    const name = "windlass-bench-windlass";
    const files = [serviceStackFile("trading") ?? "", fileOf("windlass")];
    const up = [WINDLASS, "services", "up", ...files, "-p", name, "--yes", "--json"];
    return {
      cold: up,
      unchanged: up,
      restart: [WINDLASS, "services", "restart", name, "redis", "--yes"],
      down: [WINDLASS, "services", "down", name, "--yes"],
    };
  }
  function composeCommands(program: string): Program {
    const files = ["-f", serviceStackFile("trading") ?? "", "-f", fileOf("compose")];
    const words = [program, "-p", "windlass-bench-compose", ...files];
    return {
      cold: [...words, "up", "--wait"],
      unchanged: [...words, "up", "--wait"],
      restart: [...words, "restart", "redis"],
      down: [...words, "down"],
    };
  }
}

/** Wall seconds of a command. Throws with what it says when it fails. */
function timed([command, ...args]: readonly string[], env: NodeJS.ProcessEnv): number {
  const start = performance.now();
  const result = spawnSync(command as string, args, { env, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${result.stderr || result.error}`);
  return (performance.now() - start) / 1000;
}

/** Answers with the names. */
async function makeImages(docker: Docker, project: ComposeProject): Promise<string[]> {
  const there = new Set((await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []));
  const made = await makeStandInImages(docker, project);
  for (const name of made) {
    const [repo, tag] = name.replace("windlass-stand-in/", IMAGES).split(":");
    await docker.getImage(name).tag({ repo: repo as string, tag: tag as string });
    if (!there.has(name)) await docker.getImage(name).remove();
  }
  return made.map((name) => name.replace("windlass-stand-in/", IMAGES));
}

async function removeVolumes(docker: Docker, project: string): Promise<void> {
  const filters = { label: [`com.docker.compose.project=${project}`] };
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
}
