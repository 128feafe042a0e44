import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { writeDevcontainer } from "../../runner/devcontainer.ts";
import { readServices } from "../../runner/services/files.ts";
import { buildDockerCompose } from "../../tools/docker-compose/build.ts";
import { makeServiceImages } from "../../tools/images/service-images.ts";
import { docker, PREFIX } from "./docker-fixture.ts";
import { SOON } from "./stand-in-file.ts";

/** The program that raises such containers for editors. */
const DEVCONTAINER = createRequire(import.meta.url).resolve("@devcontainers/cli/devcontainer.js");

const project = mkdtempSync(join(tmpdir(), "windlass-devcontainer-"));
const folder = join(project, ".devcontainer");
const name = `${PREFIX}-dev`;
let compose: string;
let made: string[] = [];

/** What cannot be pulled here is replaced: images by real servers or stand-ins, and the workspace has no features. */
beforeAll(async () => {
  compose = await buildDockerCompose();
  writeDevcontainer({ folder });
  const { project: model } = readServices({ files: [join(folder, "compose.yaml")], environment: {} });
  const { workspace: _, ...services } = model.services;
  const own = await makeServiceImages(docker, { ...model, services }, PREFIX);
  made = own.made;
  const images = Object.fromEntries(
    [...own.images].map(([service, image]) => [service, { image, healthcheck: parse(SOON) }]),
  );
  const workspace = { image: own.images.get("postgres"), entrypoint: [], user: "root" };
  writeFileSync(join(folder, "here.yaml"), stringify({ name, services: { ...images, workspace } }));
  const file = join(folder, "devcontainer.json");
  const { features: _features, ...rest } = JSON.parse(readFileSync(file, "utf8"));
  const files = [rest.dockerComposeFile, "here.yaml"];
  writeFileSync(file, JSON.stringify({ ...rest, dockerComposeFile: files, remoteUser: "root" }));
});

afterAll(async () => {
  const files = ["compose.yaml", "here.yaml"].flatMap((file) => ["-f", join(folder, file)]);
  await promisify(execFile)(compose, [...files, "-p", name, "down", "--volumes", "--timeout", "1"]);
  for (const image of made) await docker.getImage(image).remove({ force: true });
  rmSync(project, { recursive: true, force: true });
});

async function devcontainer(command: string, ...words: string[]): Promise<string> {
  const args = [DEVCONTAINER, command, "--workspace-folder", project, "--docker-compose-path", compose, ...words];
  return (await promisify(execFile)(process.execPath, args, { env: { ...process.env, GITLAB_TOKEN: "from-here" } }))
    .stdout;
}

test("the reference implementation raises it; the workspace has the project, and reaches the stores by their names", async () => {
  writeFileSync(join(project, "marker"), "of the project");
  const { outcome, remoteWorkspaceFolder } = JSON.parse(await devcontainer("up"));
  expect([outcome, remoteWorkspaceFolder]).toEqual(["success", "/workspace"]);
  const script = [
    "cat marker",
    "echo; echo $GITLAB_TOKEN",
    "export PGPASSWORD=$POSTGRES_PASSWORD",
    // Its health check goes over the socket, where also the server answers that makes the database.
    "until pg_isready -q -h $POSTGRES_HOST; do sleep 0.2; done",
    'psql -qtA -h $POSTGRES_HOST -U $POSTGRES_USER -d $POSTGRES_DB -c "CREATE EXTENSION vector" -c "$QUERY"',
    "exec 3<>/dev/tcp/redis/6379; printf 'PING\\r\\n' >&3; head -n 1 <&3",
    "exec 3<>/dev/tcp/qdrant/6333; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -c 5 <&3",
  ].join("\n");
  const told = await devcontainer(
    "exec",
    "env",
    "QUERY=SELECT '[1,2]'::vector <-> '[1,3]'::vector",
    "bash",
    "-c",
    script,
  );
  expect(told.split(/\r?\n/)).toEqual(["of the project", "from-here", "1", "+PONG", "HTTP/"]);
});
