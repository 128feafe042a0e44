import { describe, expect, test } from "vitest";
import { serviceStacks } from "../../../catalog/services/names.ts";
import { load } from "../../../catalog/services/testing/load.ts";
import type { ComposeProject } from "../../../domain/compose/model.ts";
import { standInFile, standIns } from "./stand-ins.ts";

const one = (service: object) => standIns({ name: "x", services: { web: service } } as unknown as ComposeProject)[0];

test.each<[string, object, string[], string[]]>([
  [
    "a URL",
    { healthcheck: { test: ["CMD", "curl", "-f", "http://localhost:8080/health"] } },
    ["8080/health"],
    ["/usr/bin/curl"],
  ],
  ["a URL's root", { healthcheck: { test: ["CMD", "curl", "http://127.0.0.1:80/"] } }, ["80"], ["/usr/bin/curl"]],
  [
    "a URL in a program's text",
    { healthcheck: { test: ["CMD", "python", "-c", "get('http://localhost:5000/health', timeout=4)"] } },
    ["5000/health"],
    ["/usr/bin/python"],
  ],
  ["a shell's pipe", { healthcheck: { test: ["CMD-SHELL", "echo srvr | nc localhost 2181"] } }, ["2181"], ["/bin/sh"]],
  [
    "bash's own network",
    { healthcheck: { test: ["CMD", "/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/6333; printf 'GET /readyz'"] } },
    ["6333"],
    ["/bin/bash"],
  ],
  ["a program's usual port", { healthcheck: { test: ["CMD", "redis-cli", "ping"] } }, ["6379"], ["/usr/bin/redis-cli"]],
  [
    "published and exposed ports beside it",
    { ports: [{ target: 8080 }, { target: 9000 }], expose: ["7000/tcp"], healthcheck: { test: ["NONE"] } },
    ["8080", "9000", "7000"],
    [],
  ],
])("what listens and what is run comes from %s", (_, service, ports, commands) => {
  expect(one(service)).toMatchObject({ ports, commands, image: "windlass-stand-in/web:1" });
});

test("a service that tells nothing is refused", () => {
  expect(() => one({ healthcheck: { test: ["CMD", "true"] } })).toThrow("web declares no port");
});

describe.each(serviceStacks())("%s", (name) => {
  const { project } = load(name, {}, ["*"]);

  test("has a stand-in for each service, with its published ports", () => {
    const all = standIns(project);
    expect(all.map(({ service }) => service)).toEqual(Object.keys(project.services));
    for (const { service, ports } of all)
      for (const { target } of project.services[service]?.ports ?? [])
        expect(ports.map((port) => port.split("/")[0])).toContain(String(target));
  });

  test("has no image of the real names among them", () => {
    for (const { image } of Object.values(standInFile(project).services)) expect(image).toMatch(/^windlass-stand-in\//);
  });
});
