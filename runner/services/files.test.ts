import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readServices } from "./files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "services-"));
});

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const read = (...files: string[]) => readServices({ files, environment: {} }).project;

describe("a folder", () => {
  test("is read with the file of the preferred name and what is merged over it", () => {
    write("docker-compose.yml", "services: {old: {image: a}}");
    write("compose.yaml", "services: {web: {image: a}}");
    write("compose.override.yaml", "services: {web: {image: b}}");
    expect(read(folder).services).toMatchObject({ web: { image: "b" } });
    expect(Object.keys(read(folder).services)).toEqual(["web"]);
  });

  test("without a Compose file is refused with the names that count", () => {
    expect(() => read(folder)).toThrow(`${folder} has no Compose file (compose.yaml, compose.yml,`);
  });
});

test("files are merged in order, relative to the first one's folder", () => {
  const first = write("a.yaml", "services: {web: {image: a, volumes: [./data:/data]}}");
  mkdirSync(join(folder, "sub"));
  const second = write("sub/b.yaml", "services: {web: {image: b, build: ./src}}");
  expect(read(first, second).services.web).toMatchObject({
    image: "b",
    build: { context: join(folder, "src") },
    volumes: [{ source: join(folder, "data") }],
  });
});

test("a watched path that is a symbolic link is followed", () => {
  mkdirSync(join(folder, "real"));
  symlinkSync(join(folder, "real"), join(folder, "link"));
  const file = write("a.yaml", "services: {web: {build: ., develop: {watch: [{path: ./link, action: rebuild}]}}}");
  expect(read(file).services.web?.develop?.watch?.[0]?.path).toBe(join(folder, "real"));
});

test("a file that is missing, and a folder in a file's place", () => {
  expect(() => read(join(folder, "none.yaml"))).toThrow(`${folder}/none.yaml: there is no such file`);
  mkdirSync(join(folder, "app.env"));
  const file = write("a.yaml", "services: {web: {image: a, env_file: app.env}}");
  expect(() => read(file)).toThrow(`${folder}/app.env is a folder, not a file`);
});

describe("a name of the catalog", () => {
  const environment = { IMAGE_TAG: "4f2a9c1", REGISTRY: "registry.example.com/own" };
  const here = process.cwd();
  beforeEach(() => process.chdir(folder));
  afterEach(() => process.chdir(here));

  test("is its file, with .env and what is merged over it from the working folder", () => {
    write(".env", "BIND_ADDRESS=10.0.0.5");
    write("mine.yaml", "services: {redis: {volumes: [./data:/more]}}");
    const { services } = readServices({ files: ["dspy", "mine.yaml"], environment }).project;
    expect(services.ollama?.ports).toMatchObject([{ host_ip: "10.0.0.5", published: "11434" }]);
    expect(services.redis?.volumes).toContainEqual(
      expect.objectContaining({ source: join(realpathSync("."), "data") }),
    );
  });

  test("gives way to a file or folder that is there", () => {
    write("dspy", "services: {web: {image: a}}");
    mkdirSync(join(folder, "trading"));
    write("trading/compose.yaml", "services: {shop: {image: a, volumes: [./data:/data]}}");
    expect(Object.keys(read("dspy").services)).toEqual(["web"]);
    const data = join(realpathSync("."), "trading/data");
    expect(read("trading").services).toMatchObject({ shop: { volumes: [{ source: data }] } });
  });

  test("that there is not is refused with the nearest, a path as a path", () => {
    expect(() => read("tradin")).toThrow("did you mean trading?");
    expect(() => read("none.yaml")).toThrow(`${realpathSync(".")}/none.yaml: there is no such file`);
    expect(() => read("./dspy")).toThrow("there is no such file");
  });
});
