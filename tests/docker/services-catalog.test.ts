import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import { load, required } from "../../catalog/services/testing/load.ts";
import { servicesDown } from "../../runner/services/down.ts";
import { servicesUp } from "../../runner/services/up.ts";
import { makeStandInImages } from "../../tools/images/stand-in/make-images.ts";
import { docker, PREFIX } from "./docker-fixture.ts";
import { here } from "./stand-in-file.ts";

const folder = mkdtempSync(join(tmpdir(), "services-catalog-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(serviceStacks())("%s of the catalog, with stand-ins", (name) => {
  const { project } = load(name);
  const projectName = `${PREFIX}-${name}`;
  let images: string[] = [];

  afterAll(async () => {
    await servicesDown({ files: [projectName], home: folder });
    const filters = { label: [`com.docker.compose.project=${projectName}`] };
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
    for (const image of images) await docker.getImage(image).remove({ force: true });
  });

  test("comes up healthy, every port answers, a second up changes nothing, no secret is seen", async () => {
    images = await makeStandInImages(docker, project);
    const changes = join(folder, `${name}.yaml`);
    writeFileSync(changes, here(project));
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
    for (const { name: service, container, ports } of services) {
      expect(JSON.stringify(await docker.getContainer(container ?? "").inspect())).not.toContain("not-a-secret");
      for (const { published } of ports.filter((port) => port.published !== null)) {
        const response = await fetch(`http://127.0.0.1:${published}/`);
        expect(await response.text()).toContain(`stand-in for ${service}`);
      }
    }
    const again = await servicesUp(options);
    expect(again.steps).toEqual([]);
    expect(again.changes.same).toBeGreaterThan(services.length);
  });
});
