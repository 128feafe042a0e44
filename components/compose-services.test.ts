import { expect, test } from "vitest";
import { loadCompose } from "../domain/compose/project.ts";
import { planStack } from "../domain/services/plan.ts";
import { NasServices, type NasServicesArgs } from "./compose-services.ts";
import { type DeployOptions, deploy, type Registered, splitSecrets } from "./testing/deploy.ts";

const CONTAINER = "docker:index/container:Container";
const IMAGE = "docker:index/remoteImage:RemoteImage";

const SHOP = `
services:
  db: { image: postgres, environment: { PASSWORD: hidden-1 }, volumes: [data:/data], healthcheck: { test: "true" } }
  job: { image: job, depends_on: [db] }
  web:
    image: web
    pull_policy: never
    secrets: [token]
    depends_on: { db: { condition: service_healthy }, job: { condition: service_completed_successfully } }
  side: { image: web, network_mode: "service:web" }
volumes: { data: {} }
secrets: { token: { environment: TOKEN } }
`;

function args(text = SHOP, more: Partial<NasServicesArgs> = {}): NasServicesArgs {
  const reader = {
    read: (path: string) => (path === "/a/c.yaml" ? text : undefined),
    realPath: (path: string) => path,
    home: "/",
  };
  const options = { files: ["/a/c.yaml"], folder: "/a", environment: { TOKEN: "hidden-2" }, name: "shop" };
  const { project, environment } = loadCompose(options, reader);
  return {
    plan: planStack(project, { workingDir: "/a", files: options.files }, environment),
    host: "unix:///x.sock",
    ...more,
  };
}

/** What the engine tells of the containers: the exit code of tasks. */
const ends = (exitCode: number): DeployOptions => ({
  outputs: { [CONTAINER]: () => ({ exitCode }), [IMAGE]: () => ({ imageId: "sha256:1" }) },
});

const run = async (given = args(), options: DeployOptions = ends(0)) =>
  (await deploy(() => new NasServices("shop", given), options)).resources;

function named(resources: Registered[], name: string): Registered {
  const found = resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`no ${name} among ${resources.map((one) => one.name).join(", ")}`);
  return found;
}

/** Names of what a resource waits for. */
function waitsFor({ opts }: Registered): string[] {
  const list = [opts.dependsOn].flat(2) as unknown as { __name: string }[];
  return list.map(({ __name: name }) => name).sort();
}

test("what it makes, by type and name; a change here makes everything of users anew", async () => {
  const made = (await run()).map(({ type, name }) => `${type}::${name}`);
  expect(made.filter((name) => !name.startsWith("pulumi:pulumi")).sort()).toEqual([
    "docker:index/container:Container::shop-db-1",
    "docker:index/container:Container::shop-job-1",
    "docker:index/container:Container::shop-side-1",
    "docker:index/container:Container::shop-web-1",
    "docker:index/network:Network::shop-network-default",
    "docker:index/remoteImage:RemoteImage::shop-image-job",
    "docker:index/remoteImage:RemoteImage::shop-image-postgres",
    "docker:index/remoteImage:RemoteImage::shop-image-web",
    "docker:index/volume:Volume::shop-volume-data",
    "pulumi:providers:docker::shop-engine",
    "windlass:services:NasServices::shop",
  ]);
});

test("volumes are protected and kept, whatever becomes of their labels; images stay", async () => {
  const resources = await run();
  const { opts } = named(resources, "shop-volume-data");
  expect(opts).toMatchObject({ protect: true, retainOnDelete: true, ignoreChanges: ["labels"] });
  expect(named(resources, "shop-image-job").inputs.keepLocally).toBe(true);
});

test("an image is built from what the file says, with arguments that stay secret", async () => {
  const { plan, host } = args("services: {web: {build: {context: ., args: {TOKEN: hidden-3}, target: small}}}");
  const build = { context: "/a", dockerfile: "/b/inline", target: "small", buildArgs: { TOKEN: "hidden-3" } };
  const image = { name: "shop-web", build, triggers: { context: "1f" } };
  const made = named(await run({ plan: { ...plan, images: [image] }, host }), "shop-image-shop-web");
  const { plain, secret } = splitSecrets(made.inputs);
  expect(JSON.parse(plain)).toMatchObject({ name: "shop-web", keepLocally: true, triggers: { context: "1f" } });
  expect(JSON.parse(secret)).toMatchObject({ context: "/a", dockerfile: "../b/inline", target: "small" });
  expect(plain).not.toContain("hidden-3");
});

test("containers wait for every image, for what they depend on, and nothing else; those with a check for their health", async () => {
  const resources = await run();
  const images = ["shop-image-job", "shop-image-postgres", "shop-image-web"];
  const always = [...images, "shop-network-default", "shop-volume-data"];
  expect(waitsFor(named(resources, "shop-db-1"))).toEqual(always);
  expect(waitsFor(named(resources, "shop-web-1"))).toEqual(["shop-db-1", ...images, "shop-job-1", ...always.slice(3)]);
  expect(named(resources, "shop-db-1").inputs).toMatchObject({ wait: true, waitTimeout: 210 });
  expect(named(await run(args(SHOP, { healthySeconds: 5 })), "shop-db-1").inputs.waitTimeout).toBe(5);
  expect(named(resources, "shop-job-1").inputs).toMatchObject({ attach: true, mustRun: false });
  expect(named(resources, "shop-web-1").inputs).not.toHaveProperty("wait");
  expect(named(resources, "shop-side-1").inputs.networkMode).toBe("container:shop-web-1-id");
});

test("the image's id is a label, so that another image takes another container", async () => {
  const resources = await run();
  const label = (name: string) =>
    named(resources, name).inputs.labels.find(
      ({ label: key }: { label: string }) => key === "com.docker.compose.image",
    );
  expect(label("shop-db-1")).toMatchObject({ value: "sha256:1" });
  expect(label("shop-web-1")).toBeUndefined();
});

test("variables and the contents of secrets are secrets of the state", async () => {
  const { plain, secret } = splitSecrets((await run()).map(({ inputs }) => inputs));
  expect(plain).not.toMatch(/hidden/);
  expect(secret).toContain("hidden-1");
  expect(secret).toContain("hidden-2");
});

test("arguments that are wrong are refused, all at once", async () => {
  const empty = { ...args().plan, containers: [] };
  await expect(run(args(SHOP, { host: "nas", healthySeconds: 0, plan: empty }))).rejects.toThrow(
    /host: got "nas"[\s\S]*healthySeconds: got 0[\s\S]*plan: it has no service/,
  );
});

test("a preview shows what an update makes", async () => {
  const names = (resources: Registered[]) => resources.map(({ name }) => name).sort();
  expect(names(await run(args(), { preview: true }))).toEqual(names(await run()));
});
