import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { readStackFile } from "../../stacks/config-source.ts";
import { ownTarget, readOwnRecord } from "./own-target.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "windlass-own-target-"));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A stack of services that is called a number. */
const place = () => ({
  root: join(home, "services", "123"),
  home,
  project: "123",
  stack: "services",
  backend: `file://${home}`,
});

test("a project of our own is what Pulumi reads, and what is remembered of it is read back", () => {
  const { root } = place();
  expect(readOwnRecord(root, "services")).toBeUndefined();
  const target = ownTarget(place(), { host: "ssh://nas" });
  expect(target).toMatchObject({ ...place(), cloud: "local" });
  expect(target.config).toEqual(readStackFile(root, "services"));
  expect(parse(readFileSync(join(root, "Pulumi.yaml"), "utf8"))).toEqual({ name: "123", runtime: "nodejs" });
  expect(readOwnRecord(root, "services")).toEqual({ host: "ssh://nas" });
  expect(statSync(root).mode & 0o777).toBe(0o700);
});

test("only what has changed is written", () => {
  const { root } = place();
  const written = () =>
    Object.fromEntries(readdirSync(root).map((name) => [name, statSync(join(root, name), { bigint: true }).mtimeNs]));
  const files = ["Pulumi.services.yaml", "Pulumi.yaml", "services.json"];
  ownTarget(place(), { host: "ssh://nas" });
  expect(readdirSync(root).sort()).toEqual(files);
  const before = written();
  ownTarget(place(), { host: "ssh://nas" });
  expect(written()).toEqual(before);
  writeFileSync(join(root, "Pulumi.services.yaml"), "encryptionsalt: v1:x\n");
  ownTarget(place(), { host: "ssh://other" });
  expect(readFileSync(join(root, "Pulumi.services.yaml"), "utf8")).toBe("");
  expect(readOwnRecord(root, "services")).toEqual({ host: "ssh://other" });
  expect(written()["Pulumi.yaml"]).toBe(before["Pulumi.yaml"]);
});
