import { basename } from "node:path";
import { expect, test } from "vitest";
import { serviceStacks } from "../../catalog/services/names.ts";
import { listCatalog } from "./catalog.ts";

test("the list tells services, ports and variables of each", () => {
  const stacks = listCatalog();
  expect(stacks.map(({ name }) => name)).toEqual(serviceStacks());
  const tools = stacks.find(({ name }) => name === "agent-tools");
  expect(tools).toMatchObject({
    required: ["IMAGE_TAG"],
    optional: { BIND_ADDRESS: "0.0.0.0", REGISTRY: "registry.digitalocean.com/the-shop-infra" },
    secrets: expect.arrayContaining(["GRADIENT_API_KEY", "POSTGRES_PASSWORD"]),
  });
  expect(tools?.services.find(({ name }) => name === "gateway-mcp")).toEqual({
    name: "gateway-mcp",
    image: "registry.digitalocean.com/the-shop-infra/gateway-mcp:${IMAGE_TAG}",
    ports: ["0.0.0.0:8000"],
    profiles: [],
  });
  const trading = stacks.find(({ name }) => name === "trading");
  expect(trading?.services.find(({ name }) => name === "kafka-2")?.profiles).toEqual(["cluster"]);
  for (const { name, description, file } of stacks) {
    expect(description.length).toBeGreaterThan(20);
    expect(basename(file)).toBe(`${name}.yaml`);
  }
});
