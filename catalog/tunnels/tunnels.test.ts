import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readTunnelFile } from "../../domain/tunnel/file.ts";
import { load } from "../services/testing/load.ts";
import { catalogTunnelFile, catalogTunnels } from "./names.ts";

const rulesOf = (name: string) =>
  readTunnelFile(readFileSync(catalogTunnelFile(name) ?? "", "utf8"), `${name}.yaml`, name).ingress;

test.each(catalogTunnels())(
  "every rule of %s leads to a service of the stack of that name, at a port it opens",
  (name) => {
    const { services } = load(name).project;
    for (const { hostname, service } of rulesOf(name).slice(0, -1)) {
      const { hostname: target, port } = new URL(service);
      const ports = (services[target]?.ports ?? []).map((one) => String(one.target));
      expect(ports, hostname).toContain(port);
    }
    expect(rulesOf(name).at(-1)).toEqual({ service: "http_status:404" });
  },
);

test("the stores and what only the platform calls have no public name", () => {
  const reached = rulesOf("agent-nas").map(({ service }) => URL.parse(service)?.hostname);
  for (const inner of ["postgres", "redis", "agent-tracer", "doc-engine"]) expect(reached).not.toContain(inner);
  expect(rulesOf("agent-nas").map(({ hostname }) => hostname?.split(".")[0])).toEqual([
    ...["api", "mesh", "storage", "compliance", "router", "brain", "workflows"],
    undefined,
  ]);
});

test("what is no name of the catalog is none", () => {
  expect(catalogTunnelFile("../services/agent-nas")).toBeUndefined();
  expect(catalogTunnelFile("none")).toBeUndefined();
});
