import { expect, test } from "vitest";
import type { ComposeProject } from "../compose/model.ts";
import { FILES, generateDevcontainer, isAsMade } from "./generate.ts";

const SOURCE = `# Told to readers of the catalog.
name: dev
x-devcontainer: { name: Dev, service: workspace, workspaceFolder: /workspace }
services:
  workspace: { image: node, volumes: ["..:/workspace"] }
  db: { image: pg, expose: ["5432"] } # stays
`;

const project = (own: Record<string, unknown> = {}) =>
  ({
    name: "dev",
    "x-devcontainer": { name: "Dev", service: "workspace", workspaceFolder: "/workspace", ...own },
    services: { workspace: { image: "node", expose: ["9"] }, db: { image: "pg", expose: ["5432", "9187/tcp"] } },
  }) as unknown as ComposeProject;

const files = (workspace = "..", own = {}) =>
  Object.fromEntries(generateDevcontainer(SOURCE, project(own), workspace).map(({ name, text }) => [name, text]));

test("the Compose file keeps everything but what only the generator reads, on the project's folder", () => {
  const text = files("../../shop")[FILES.compose] ?? "";
  expect(text).toContain("../../shop:/workspace");
  expect(text).toContain("# stays");
  expect(text).not.toMatch(/x-devcontainer|catalog/);
});

test("ports that other services expose are forwarded", () => {
  expect(JSON.parse(files()[FILES.json] ?? "")).toEqual({
    name: "Dev",
    dockerComposeFile: "compose.yaml",
    service: "workspace",
    workspaceFolder: "/workspace",
    shutdownAction: "stopCompose",
    forwardPorts: ["db:5432", "db:9187"],
    customizations: { windlass: { made: expect.stringMatching(/^[0-9a-f]{16}$/) } },
  });
});

test.each([FILES.compose, FILES.json])("an edit of %s is noticed, whatever it changes", (name) => {
  const text = files()[name] ?? "";
  expect(isAsMade(name, text)).toBe(true);
  expect(isAsMade(name, text.replace("workspace", "workplace"))).toBe(false);
  expect(isAsMade(name, `${text}\n`)).toBe(false);
  expect(isAsMade(name, "")).toBe(false);
  const older = files("..", { name: "Older" })[name] ?? "";
  expect(isAsMade(name, older)).toBe(true);
});

test.each([
  ["a key that editors do not know", { postCreatCommand: "x" }, /postCreatCommand/],
  ["a feature without a registry", { features: { git: {} } }, /features\.git/],
  ["a folder that is not absolute", { workspaceFolder: "w" }, /x-devcontainer\.workspaceFolder/],
  ["a service that is not there", { service: "other" }, /no service other/],
])("refuses %s", (_what, own, reason) => expect(() => files("..", own)).toThrow(reason));
