import { expect, test } from "vitest";
import { loadCompose } from "../compose/project.ts";
import { type BuildSources, pullAfterSeconds } from "./builds.ts";
import { notApplied, refusals } from "./not-applied.ts";
import { planStack } from "./plan.ts";

function load(text: string) {
  const reader = {
    read: (path: string) => (path === "/a/c.yaml" ? text : undefined),
    realPath: (path: string) => path,
    home: "/",
  };
  return loadCompose({ files: ["/a/c.yaml"], folder: "/a", environment: { FROM_SHELL: "told" }, name: "shop" }, reader);
}

const SOURCES: BuildSources = new Map([["web", { dockerfile: "/a/app/Dockerfile", digest: "1f" }]]);

function plan(text: string) {
  const { project, environment } = load(text);
  return planStack(project, { workingDir: "/a", files: ["/a/c.yaml"] }, environment, SOURCES);
}

const images = (keys: string) => plan(`services: {web: {${keys}}}`).images;

test("a service without an image has Compose's name, and what is built Compose's labels beside its own", () => {
  const { images: built, containers } = plan(`
services:
  web:
    platform: linux/arm64
    build:
      context: app
      args: { A: "1", FROM_SHELL: , UNSET: }
      labels: { own: label }
      target: small
      tags: [shop/web:2]
      network: host
      extra_hosts: ["db=10.0.0.1"]
      cache_from: [shop/web:1]
      shm_size: 64m
      no_cache: true
      pull: true
`);
  expect(containers[0]?.image).toBe("shop-web");
  expect(built).toEqual([
    {
      name: "shop-web",
      platform: "linux/arm64",
      triggers: { context: "1f" },
      build: {
        context: "/a/app",
        dockerfile: "/a/app/Dockerfile",
        target: "small",
        buildArgs: { A: "1", FROM_SHELL: "told" },
        labels: {
          own: "label",
          "com.docker.compose.project": "shop",
          "com.docker.compose.service": "web",
          "com.docker.compose.version": "2.40.3",
        },
        tags: ["shop/web:2"],
        networkMode: "host",
        extraHosts: ["db:10.0.0.1"],
        cacheFroms: ["shop/web:1"],
        noCache: true,
        pullParent: true,
        shmSize: 67_108_864,
        platform: "linux/arm64",
      },
    },
  ]);
});

test("what is built is not pulled, unless pull_policy says where the image comes from", () => {
  expect(images("image: own:1, build: .")).toMatchObject([{ name: "own:1", build: { context: "/a" } }]);
  expect(images("image: own:1, build: ., pull_policy: build")).toMatchObject([{ build: { context: "/a" } }]);
  expect(images("image: own:1, build: ., pull_policy: missing")).toEqual([{ name: "own:1" }]);
  expect(images("image: own:1, build: ., pull_policy: always")).toEqual([{ name: "own:1", pullAfterSeconds: 0 }]);
  expect(images("image: own:1, build: ., pull_policy: never")).toEqual([]);
  expect(images("image: own:1, scale: 0")).toEqual([]);
});

test("DOCKER_BUILDKIT=0 asks for the classic builder, with its label", () => {
  const { project } = load("services: {web: {build: .}}");
  const { images: built } = planStack(
    project,
    { workingDir: "/a", files: [] },
    new Map([["DOCKER_BUILDKIT", "0"]]),
    SOURCES,
  );
  expect(built[0]?.build).toMatchObject({
    useLegacyBuilder: true,
    labels: { "com.docker.compose.image.builder": "classic" },
  });
  expect(images("build: .")[0]?.build).not.toHaveProperty("useLegacyBuilder");
});

test("two services of one image: the one that builds it does", () => {
  const { images: all } = plan("services: {a: {image: own:1}, web: {image: own:1, build: .}}");
  expect(all).toMatchObject([{ name: "own:1", build: { context: "/a" } }]);
});

test.each([
  [undefined, undefined],
  ["missing", undefined],
  ["always", 0],
  ["daily", 86_400],
  ["weekly", 604_800],
  ["every_1w2d", 777_600],
  ["every_90m", 5400],
  ["every_1d12h", 129_600],
])("pull_policy %s lets an image be %s seconds old", (policy, seconds) => {
  expect(pullAfterSeconds(policy ? { pull_policy: policy } : {})).toBe(seconds);
});

test.each([
  ["build: {context: ., secrets: [s]}", "services.web.build.secrets"],
  ["build: {context: ., ssh: [default]}", "services.web.build.ssh"],
  ["build: {context: ., additional_contexts: {x: /x}}", "services.web.build.additional_contexts"],
  ["build: {context: ., entitlements: [network.host]}", "services.web.build.entitlements"],
  ["build: {context: ., privileged: true}", "services.web.build.privileged"],
  ["build: https://example.com/x.git", "services.web.build.context"],
])("%s is refused where it is built", (keys, path) => {
  const found = (more: string) => {
    const { project, environment } = load(`services: {web: {${keys}${more}}}\nsecrets: {s: {file: x}}`);
    return refusals(project, environment).map((one) => one.path.join("."));
  };
  expect(found("")).toEqual([path]);
  expect(found(", image: own:1, pull_policy: missing")).toEqual([]);
});

test.each([
  ["build: .", []],
  ["build: ., image: a, pull_policy: always", ["services.web.build"]],
  ["image: a, pull_policy: build", ["services.web.pull_policy"]],
  [
    "build: {context: ., cache_to: [x], sbom: true, provenance: false, platforms: [linux/amd64, linux/arm64]}",
    ["services.web.build.cache_to", "services.web.build.platforms", "services.web.build.sbom"],
  ],
])("what %s asks for in vain is told", (keys, paths) => {
  expect(notApplied(load(`services: {web: {${keys}}}`).project).map(({ path }) => path.join("."))).toEqual(paths);
});
