import { expect, test } from "vitest";
import { loadCompose } from "../compose/project.ts";
import { planStack } from "./plan.ts";
import { placePorts, portWishes, type TakenPort } from "./ports.ts";
import { PORTS_LABEL, placedPorts, withPorts } from "./ports-published.ts";
import type { StackPlan } from "./spec.ts";

function placedPlan(text: string, taken: TakenPort[] = []): StackPlan {
  const reader = {
    read: (path: string) => (path === "/a.yaml" ? text : undefined),
    realPath: (p: string) => p,
    home: "/",
  };
  const { project, environment } = loadCompose(
    { files: ["/a.yaml"], folder: "/", name: "shop", environment: {} },
    reader,
  );
  const plan = planStack(project, { workingDir: "/", files: ["/a.yaml"] }, environment);
  return withPorts(plan, placePorts(portWishes(project, plan), taken).placements);
}
const of = (plan: StackPlan, service: string) => plan.containers.find((one) => one.service === service);
const busy = (port: number): TakenPort => ({ ip: "0.0.0.0", port, protocol: "tcp", by: "nginx" });

const FILE = `
services:
  red-db: { image: a, ports: ["127.0.0.1:8080:80", "9000:9000"] }
  inside:
    image: a
    depends_on: [red-db]
    extra_hosts: ["nas:host-gateway"]
    environment:
      NEAR: http://red-db:80
      FAR: http://host.docker.internal:8080/x,http://nas:8080,http://nas:80801,http://localhost:8080
  outside:
    image: a
    depends_on: [red-db]
    network_mode: host
    environment: { URL: "http://localhost:8080", OTHER: "http://mylocalhost:8080", RED_DB_PORT: "1" }
  stranger: { image: a, environment: { FAR: "http://host.docker.internal:8080" } }
`;

test("what stays where the file says is as the file says", () => {
  const plan = placedPlan(FILE);
  expect(of(plan, "red-db")?.labels).not.toHaveProperty([PORTS_LABEL]);
  expect(of(plan, "red-db")?.settings.ports).toMatchObject([{ external: 8080 }, { external: 9000 }]);
  expect(of(plan, "inside")?.envs).toHaveLength(2);
});

test("a port that was moved is the container's, and stands on its label", () => {
  const db = of(placedPlan(FILE, [busy(8080)]), "red-db");
  expect(db?.settings.ports).toMatchObject([{ external: 8081, internal: 80 }, { external: 9000 }]);
  expect(placedPorts("red-db-1", db?.labels[PORTS_LABEL])).toEqual([
    { key: "red-db-1", target: 80, protocol: "tcp", wanted: "8080", published: 8081 },
  ]);
  for (const label of [undefined, "", "no json", "{}", "[null]", '[{"published":"x"}]'])
    expect(placedPorts("a", label)).toEqual([]);
});

test("dependents are told; what goes inside the network stays", () => {
  expect(of(placedPlan(FILE, [busy(8080)]), "inside")?.envs.sort()).toEqual([
    "FAR=http://host.docker.internal:8081/x,http://nas:8081,http://nas:80801,http://localhost:8080",
    "NEAR=http://red-db:80",
    "RED_DB_PUBLISHED_ADDRESS=127.0.0.1:8081",
    "RED_DB_PUBLISHED_PORT=8081",
    "RED_DB_PUBLISHED_PORT_80=8081",
  ]);
});

test("on the host's network every address of the host is the new one, and what the file sets keeps its name", () => {
  const { envs } = of(placedPlan(FILE, [busy(8080)]), "outside") ?? { envs: [] };
  expect(envs.filter((line) => line.startsWith("RED_DB_PORT="))).toEqual(["RED_DB_PORT=1"]);
  expect(envs).toEqual(
    expect.arrayContaining([
      "URL=http://localhost:8081",
      "OTHER=http://mylocalhost:8080",
      "RED_DB_PORT=1",
      "RED_DB_PUBLISHED_PORT=8081",
    ]),
  );
});

test("who does not depend on it is left alone", () => {
  expect(of(placedPlan(FILE, [busy(8080)]), "stranger")?.envs).toEqual(["FAR=http://host.docker.internal:8080"]);
});

test("a port of a range is on the label too", () => {
  const web = of(placedPlan('services: { web: { image: a, ports: ["8000-8002:80"] } }', [busy(8000)]), "web");
  expect(web?.settings.ports).toMatchObject([{ external: 8001 }]);
  expect(placedPorts("web-1", web?.labels[PORTS_LABEL])).toMatchObject([{ wanted: "8000-8002", published: 8001 }]);
});
