import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
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
