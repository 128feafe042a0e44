import { describe, expect, test } from "vitest";
import { toJson, toYaml } from "./render.ts";
import { load } from "./testing/files.ts";

const web = (keys: string): string => `services:\n  web:\n    image: nginx\n${keys}`;

describe("the project's name", () => {
  const text = "name: ${STAGE:-from}-file\nservices: {web: {image: a}}";
  test("is the folder's", () => {
    expect(load("services: {web: {image: a}}", { folder: "/srv/My_Shop!" }).project.name).toBe("my_shop");
  });
  test("is that of the file", () => expect(load(text).project.name).toBe("from-file"));
  test("is that of the environment", () => {
    expect(load(text, { environment: { COMPOSE_PROJECT_NAME: "env" } }).project.name).toBe("env");
  });
  test("is the one asked for, and variables have it", () => {
    const { project } = load(web("    labels: {p: $COMPOSE_PROJECT_NAME}"), { name: "asked" });
    expect(project).toMatchObject({ name: "asked", services: { web: { labels: { p: "asked" } } } });
  });
});

describe("variables", () => {
  const files = {
    "compose.yaml": web("    user: ${WHO}-$MORE"),
    ".env": "WHO=file\nMORE=$WHO",
    "b.env": "WHO=b\nMORE=2",
  };
  test("come from .env", () => expect(load(files).project.services.web?.user).toBe("file-file"));
  test("of the environment win", () => {
    expect(load(files, { environment: { WHO: "env" } }).project.services.web?.user).toBe("env-env");
  });
  test("come from the files asked for, in place of .env", () => {
    expect(load(files, { envFiles: ["/stack/b.env"] }).project.services.web?.user).toBe("b-2");
  });
  test("of the service win over its files, and the project's over both within them", () => {
    const text = web("    env_file: a.env\n    environment: {OWN: own, A: mine}");
    const { project } = load(
      { "compose.yaml": text, "a.env": "A=file\nB=$OWN-$P\nP=file" },
      { environment: { P: "project" } },
    );
    expect(project.services.web?.environment).toEqual({ A: "mine", B: "own-project", OWN: "own", P: "file" });
    expect(project.services.web).not.toHaveProperty("env_file");
  });
});

describe("what has no effect is told", () => {
  test.each([
    ['version: "3"\nservices: {web: {image: a}}', 1, "version is obsolete and has no effect"],
    [web("    user: $NOBODY"), 4, "the variable NOBODY is not set; it is taken as empty"],
    [web("    volumes: [.:/a:cached]"), 4, "services.web.volumes.0: the option cached of a volume has no effect"],
    [
      web("    command: a && b"),
      4,
      "services.web.command: && and what stands behind it (write it with sh -c) has no effect",
    ],
  ])("%j", (text, line, reason) => {
    expect(load(text).warnings).toEqual([{ file: "/stack/compose.yaml", line, reason }]);
  });

  test("and nothing else", () => expect(load(web("    user: me")).warnings).toEqual([]));
});

describe("profiles", () => {
  const text =
    "services:\n  a: {image: x}\n  b: {image: x, profiles: [p]}\n  c: {image: x, profiles: [q], networks: [n]}\nnetworks: {n: }";
  test("that are not active leave services and what only they use out", () => {
    const { project, disabled } = load(text);
    expect([Object.keys(project.services), disabled, Object.keys(project.networks ?? {})]).toEqual([
      ["a"],
      ["b", "c"],
      ["default"],
    ]);
  });
  test("come from COMPOSE_PROFILES", () => {
    expect(load(text, { environment: { COMPOSE_PROFILES: "p, q" } }).disabled).toEqual([]);
  });
});

test("limits below nothing and one-letter drives", () => {
  const { project } = load(web("    memswap_limit: -1\n    ulimits: {memlock: -1}\n    volumes: ['c:\\data:/data']"));
  expect(project.services.web).toMatchObject({
    memswap_limit: "-1",
    ulimits: { memlock: -1 },
    volumes: [{ type: "bind", source: "c:\\data", target: "/data" }],
  });
});

test("what is printed has dollars doubled and no secret", () => {
  const { project } = load(
    {
      "compose.yaml":
        "services: {web: {image: a, secrets: [s], configs: [c], labels: {price: $$5}}}\nsecrets: {s: {environment: TOKEN}}\nconfigs: {c: {environment: TOKEN}}",
    },
    { environment: { TOKEN: "hush-hush" } },
  );
  expect(project.configs?.c?.content).toBe("hush-hush");
  for (const text of [toYaml(project), toJson(project)]) {
    expect(text).toContain("$$5");
    expect(text).not.toContain("hush");
  }
});

test("a service that is extended twice over gets everything once, and keeps its own word", () => {
  const { project } = load({
    "compose.yaml": "services:\n  web: {extends: {file: a/mid.yaml, service: mid}, environment: {A: web}}",
    "a/mid.yaml":
      "services:\n  mid: {extends: {file: ../b/base.yaml, service: base}, environment: [A=mid, B=mid], volumes: [./m:/m]}",
    "b/base.yaml":
      "services:\n  base: {image: base, environment: {A: base, B: base, C: base}, volumes: [./b:/b], build: .}",
  });
  expect(project.services.web).toMatchObject({
    image: "base",
    environment: { A: "web", B: "mid", C: "base" },
    volumes: [{ source: "/stack/b/b" }, { source: "/stack/a/m" }],
    build: { context: "/stack/b" },
  });
});

test("an included file has the environment first, then the .env beside it", () => {
  const files = {
    "compose.yaml": "include: [sub/a.yaml]",
    "sub/a.yaml": web("    user: $A-$B"),
    "sub/.env": "A=file\nB=file",
  };
  expect(load(files, { environment: { A: "env" } }).project.services.web?.user).toBe("env-file");
});
