import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serviceStackFile, serviceStacks } from "../../catalog/services/names.ts";
import { load, required } from "../../catalog/services/testing/load.ts";
import { buildDockerCompose } from "../../tools/docker-compose/build.ts";
import { makeStandInImages, STAND_IN_LABEL } from "../../tools/images/stand-in/make-images.ts";
import { standIns } from "../../tools/images/stand-in/stand-ins.ts";
import { docker, PREFIX } from "./docker-fixture.ts";
import { here } from "./stand-in-file.ts";

const folder = mkdtempSync(join(tmpdir(), "stand-in-"));
let compose: string;

beforeAll(async () => {
  compose = await buildDockerCompose();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(serviceStacks())("real docker compose with the stand-ins of %s", (name) => {
  const { project } = load(name);
  const projectName = `${PREFIX}-${name}`;
  const label = `com.docker.compose.project=${projectName}`;
  let images: string[] = [];

  function run(...words: string[]): void {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(
      file,
      here(project, { images: new Map(standIns(project, PREFIX).map(({ service, image }) => [service, image])) }),
    );
    const secrets = Object.values(project.secrets ?? {}).map(({ environment = "" }) => [environment, "not-a-secret"]);
    const options = ["-p", projectName, "-f", serviceStackFile(name) ?? "", "-f", file];
    const env = { ...process.env, ...required, ...Object.fromEntries(secrets) };
    const result = spawnSync(compose, [...options, ...words], { env, encoding: "utf8" });
    expect(result, result.stderr).toMatchObject({ status: 0 });
  }

  afterAll(async () => {
    run("down", "--volumes", "--timeout", "1");
    for (const image of images) await docker.getImage(image).remove({ force: true });
  });

  test("brings all services up, healthy by their own checks, and every port says what it is", async () => {
    images = await makeStandInImages(docker, project, PREFIX);
    run("up", "--wait", "--wait-timeout", "400");
    const containers = await docker.listContainers({ filters: { label: [label] } });
    expect(containers).toHaveLength(Object.keys(project.services).length);
    for (const { Id, Labels, Ports, Status } of containers) {
      const service = Labels["com.docker.compose.service"] ?? "";
      expect(JSON.stringify(await docker.getContainer(Id).inspect()), service).not.toContain("not-a-secret");
      expect(Status, service).toContain("(healthy)");
      expect(Labels[STAND_IN_LABEL]).toBe(service);
      for (const { PublicPort } of Ports.filter((port) => port.PublicPort)) {
        const response = await fetch(`http://127.0.0.1:${PublicPort}/`);
        expect(await response.text(), service).toContain(`stand-in for ${service}`);
      }
    }
  });
});
