import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import { load, required } from "../../catalog/services/testing/load.ts";
import { servicesDown } from "../../runner/services/down.ts";
import { servicesPs } from "../../runner/services/ps.ts";
import { servicesUp } from "../../runner/services/up.ts";
import { makeServiceImages } from "../../tools/images/service-images.ts";
import { until } from "./backend-fixture.ts";
import { docker, PREFIX } from "./docker-fixture.ts";
import { here } from "./stand-in-file.ts";

const folder = mkdtempSync(join(tmpdir(), "services-catalog-"));
afterAll(() => rmSync(folder, { recursive: true }));

const answer = async (port: number | null) => (await fetch(`http://127.0.0.1:${port}/`)).text();

/** Each server speaks a language of its own; their health checks do. */
function connects(port: number | null): Promise<void> {
  return new Promise((done, fail) => {
    const socket = connect(port ?? 0, "127.0.0.1", () => {
      socket.destroy();
      done();
    }).once("error", fail);
  });
}

async function volumesOf(project: string): Promise<string[]> {
  const filters = { label: [`com.docker.compose.project=${project}`] };
  return (await docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name).sort();
}

describe.each(serviceStacks())("%s of the catalog, with real servers and stand-ins", (name) => {
  const { project } = load(name);
  const projectName = `${PREFIX}-${name}`;
  let images: string[] = [];

  afterAll(async () => {
    await servicesDown({ files: [projectName], home: folder });
    for (const volume of await volumesOf(projectName)) await docker.getVolume(volume).remove();
    for (const image of images) await docker.getImage(image).remove({ force: true });
  });

  test("comes up healthy, every port answers, a second up changes nothing, no secret is seen", async () => {
    const own = await makeServiceImages(docker, project, PREFIX);
    images = own.made;
    const changes = join(folder, `${name}.yaml`);
    writeFileSync(changes, here(project, own));
    const secrets = Object.values(project.secrets ?? {}).map(({ environment = "" }) => [environment, "not-a-secret"]);
    const options = {
      files: [serviceStackFile(name) ?? "", changes],
      projectName,
      environment: { ...process.env, ...required, ...Object.fromEntries(secrets) },
      home: folder,
    };
    const { services, notApplied } = await servicesUp(options);
    expect(notApplied).toEqual([]);
    expect(services.map(({ name: service, health }) => [service, health])).toEqual(
      Object.keys(project.services)
        .sort()
        .map((service) => [service, "healthy"]),
    );
    for (const { name: service, container, ports, standIn } of services) {
      expect(standIn, service).toBe(!own.real.has(service));
      expect(JSON.stringify(await docker.getContainer(container ?? "").inspect())).not.toContain("not-a-secret");
      for (const { published } of ports.filter((port) => port.published !== null)) {
        if (standIn) expect(await answer(published)).toContain(`stand-in for ${service}`);
        else await connects(published);
      }
    }
    const again = await servicesUp(options);
    expect(again.steps).toEqual([]);
    expect(again.changes.same).toBeGreaterThan(services.length);
  });

  test("whose programs are all killed is started again, and says so; going down keeps its volumes", async () => {
    const named = { files: [projectName], home: folder };
    const { services: before } = await servicesPs(named);
    const running = await Promise.all(before.map(({ container }) => docker.getContainer(container ?? "").inspect()));
    const pids = running.map(({ State }) => State.Pid);
    // One that does not run has 0, and a signal to 0 goes to the tests themselves.
    expect(Math.min(...pids)).toBeGreaterThan(0);
    // At once: one that misses another may end by itself.
    for (const pid of pids) process.kill(pid, "SIGKILL");
    const services = await until(async () => {
      const found = (await servicesPs(named)).services;
      return found.every(({ restarts, health }) => restarts && health === "healthy") ? found : undefined;
    }, 200);
    for (const { lastExit } of services) expect(lastExit).toMatchObject({ outOfMemory: false });
    const volumes = await volumesOf(projectName);
    const { keeps } = await servicesDown(named);
    expect(keeps.flatMap(({ kind, name: volume }) => (kind === "volume" ? [volume] : [])).sort()).toEqual(volumes);
    expect(await volumesOf(projectName)).toEqual(volumes);
  });
});
