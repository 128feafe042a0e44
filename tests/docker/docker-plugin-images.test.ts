import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Declared, type Project, throwAwayProject } from "../engine/harness.ts";
import { BUSYBOX, docker, makeBusyboxImage, PREFIX, removeEverything } from "./docker-fixture.ts";
import { type TestRegistry, testRegistry } from "./registry.ts";

let project: Project;
let registry: TestRegistry;
beforeAll(async () => {
  await removeEverything();
  await makeBusyboxImage();
  registry = await testRegistry("somebody:secret-password");
});
afterAll(async () => {
  registry.close();
  await removeEverything();
});
beforeEach(() => {
  project = throwAwayProject({ url: "http://127.0.0.1:1", token: "none" });
});
afterEach(async () => {
  await project.destroy();
  project.remove();
});

function context(files: Record<string, string>): void {
  rmSync(join(project.dir, "app"), { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(project.dir, "app", path, ".."), { recursive: true });
    writeFileSync(join(project.dir, "app", path), content);
  }
}

async function fileIn(image: string, path: string): Promise<string> {
  const made = await docker.createContainer({ name: `${PREFIX}-cat`, Image: image, Cmd: ["cat", path], Tty: true });
  await made.start();
  await made.wait();
  const text = (await made.logs({ stdout: true })).toString();
  await made.remove();
  return text.trim();
}

test.each(["BuilderBuildKit", "BuilderV1"])(
  "%s builds an image, and builds it again when a file changes",
  async (builderVersion) => {
    const imageName = `${PREFIX}/app:${builderVersion.toLowerCase()}`;
    const build = { context: "app", dockerfile: "app/Dockerfile", args: { GREETING: "hello" }, builderVersion };
    project.declare({ name: "app", type: "docker:Image", args: { imageName, skipPush: true, build } });
    const files = {
      Dockerfile: `FROM ${BUSYBOX}\nLABEL ${PREFIX}=1\nARG GREETING\nCOPY . /app\nRUN echo $GREETING > /greeting\n`,
      "a/file": "one",
      ".dockerignore": "# what stays here\n*.log\n!keep.log\n",
      "big.log": "x",
      "keep.log": "kept",
    };
    context(files);
    const first = await project.up();
    expect(first.errors).toEqual([]);
    const { imageName: name, repoDigest, dockerfile } = project.outputs("app") as Record<string, string>;
    expect([name, dockerfile]).toEqual([imageName, "app/Dockerfile"]);
    expect(repoDigest).toBe((await docker.getImage(imageName).inspect()).Id);
    expect(await fileIn(imageName, "/greeting")).toBe("hello");
    expect(await fileIn(imageName, "/app/keep.log")).toBe("kept");
    expect(await fileIn(imageName, "/app/big.log")).toContain("No such file");
    context({ ...files, "big.log": "changed, but left out" });
    expect((await project.preview()).ops).toEqual({ app: "same" });
    context({ ...files, "a/file": "two" });
    const second = await project.up();
    expect([second.ops, second.errors]).toEqual([{ app: "update" }, []]);
    expect(await fileIn(imageName, "/app/a/file")).toBe("two");
    expect((await project.up()).ops).toEqual({ app: "same" });
  },
);

test.each(["BuilderBuildKit", "BuilderV1"])(
  "a build that fails with %s shows what its steps wrote",
  async (builderVersion) => {
    context({ Dockerfile: `FROM ${BUSYBOX}\nLABEL ${PREFIX}=1\nRUN echo the disk is sad && false\n` });
    const build = { context: "app", builderVersion };
    project.declare({
      name: "app",
      type: "docker:Image",
      args: { imageName: `${PREFIX}/bad:1`, skipPush: true, build },
    });
    const failed = await project.up();
    expect(failed.errors.join()).toMatch(/build image ".*\/bad:1": [\s\S]*its last lines:\n[\s\S]*the disk is sad/);
    const left = await docker.listContainers({ all: true, filters: { label: [PREFIX] } });
    expect(left).toEqual([]);
  },
);

test("a context or a Dockerfile that is not there is refused by the preview", async () => {
  context({ "sub/Dockerfile": "FROM scratch\n" });
  const args = (build: object) => ({ imageName: `${PREFIX}/x:1`, skipPush: true, build });
  project.declare({ name: "a", type: "docker:Image", args: args({ context: "nowhere" }) });
  expect((await project.preview()).text).toContain('build context \\"nowhere\\" is not there');
  project.declare({ name: "a", type: "docker:Image", args: args({ context: "app", dockerfile: "sub/Dockerfile" }) });
  expect((await project.preview()).text).toContain('try setting dockerfile to \\"app/sub/Dockerfile\\"');
});

test("an image is tagged, pushed, pulled from its registry by tag and by digest, and deleted there", async () => {
  const name = `${registry.address}/${PREFIX}/busybox:2`;
  const auth = [{ address: registry.address, username: "somebody", password: { $secret: "secret-password" } }];
  const provider: Declared = { name: "host", type: "docker:Provider", args: { registryAuth: auth } };
  const options = { provider: "host" };
  const tag = { name: "tag", type: "docker:Tag", args: { sourceImage: BUSYBOX, targetImage: name }, options };
  const args = { name: { $ref: "tag.targetImage" } };
  project.declare(provider, tag, { name: "pushed", type: "docker:RegistryImage", args, options });
  const up = await project.up();
  expect(up.errors).toEqual([]);
  const { sha256Digest: digest } = project.outputs("pushed") as { sha256Digest: string };
  expect([...registry.manifests.keys()].sort()).toEqual([`${PREFIX}/busybox:2`, `${PREFIX}/busybox@${digest}`].sort());
  expect((await project.refresh()).errors).toEqual([]);
  expect((await project.up()).ops).toMatchObject({ tag: "same", pushed: "same" });

  await docker.getImage(name).remove();
  const pinned = `${registry.address}/${PREFIX}/busybox@${digest}`;
  project.declare(
    provider,
    { name: "pushed", type: "docker:RegistryImage", args: { name }, options },
    { name: "pulled", type: "docker:RemoteImage", args: { name }, options },
    {
      name: "pinned",
      type: "docker:RemoteImage",
      args: { name: pinned },
      options: { ...options, dependsOn: ["pulled"] },
    },
  );
  const pulled = await project.up();
  expect(pulled.errors).toEqual([]);
  const { imageId, repoDigest } = project.outputs("pulled");
  expect([imageId, repoDigest]).toEqual([(await docker.getImage(name).inspect()).Id, pinned]);
  expect(project.state().text).not.toContain("secret-password");
  expect((await project.up()).ops).toMatchObject({ pulled: "same", pinned: "same" });

  expect((await project.destroy()).errors).toEqual([]);
  expect([...registry.manifests.keys()]).toEqual([]);
  await expect(docker.getImage(name).inspect()).rejects.toThrow("No such image");
});

test("an image that its registry does not have", async () => {
  project.declare({ name: "none", type: "docker:RemoteImage", args: { name: `${registry.address}/${PREFIX}/none:1` } });
  const { errors } = await project.up();
  expect(errors.join()).toMatch(/creating image "none": pull image ".*none:1": /);
  expect(errors.join()).toMatch(/unauthorized|no basic auth|not found/i);
});
