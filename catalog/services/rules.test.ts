import { beforeAll, describe, expect, test } from "vitest";
import type { Service } from "../../domain/compose/model.ts";
import type { ComposeResult } from "../../domain/compose/project.ts";
import { toYaml } from "../../domain/compose/render.ts";
import { serviceStacks } from "./names.ts";
import { load } from "./testing/load.ts";

describe.each(serviceStacks())("%s", (name) => {
  let all: [string, Service][];
  let result: ComposeResult;

  beforeAll(() => {
    result = load(name, {}, ["*"]);
    all = Object.entries(result.project.services);
  });

  test("is named as its file, needs no other file, and is read without a warning", () => {
    expect(result.project.name).toBe(name);
    expect(result.warnings).toEqual([]);
    const ownRegistry = name === "dspy" || name === "trading";
    if (ownRegistry) expect(() => load(name, { REGISTRY: undefined })).toThrow("required variable REGISTRY");
    else expect(load(name, { REGISTRY: undefined }).project.name).toBe(name);
    expect(() => load(name, { IMAGE_TAG: "" })).toThrow("required variable IMAGE_TAG");
  });

  test("pulls every image at a tag, and builds none", () => {
    for (const [service, { image, build }] of all) {
      expect(image, service).toMatch(/^[a-z0-9./-]+:[\w.-]+$/);
      expect(image, service).not.toMatch(/:latest$/);
      expect(build, service).toBeUndefined();
    }
  });

  test("checks the health of every service, with time to start, and starts it again", () => {
    for (const [service, { healthcheck, restart }] of all) {
      expect(healthcheck?.test?.length, service).toBeGreaterThanOrEqual(2);
      expect(["30s", "1m0s"], service).toContain(healthcheck?.start_period);
      for (const time of [healthcheck?.interval, healthcheck?.timeout]) expect(time, service).toMatch(/^\d+s$/);
      expect(restart, service).toBe(name === "trading" ? "on-failure:3" : "unless-stopped");
    }
  });

  test("waits until what a service depends on is healthy", () => {
    const conditions = all.flatMap(([, { depends_on }]) => Object.values(depends_on ?? {}));
    expect(conditions.length).toBeGreaterThan(0);
    for (const { condition } of conditions) expect(condition).toBe("service_healthy");
  });

  test("takes no host port twice, and opens none to the world but what agents call", () => {
    const ports = all.flatMap(([service, { ports: own }]) => (own ?? []).map((port) => ({ service, ...port })));
    expect(new Set(ports.map(({ published }) => published)).size).toBe(ports.length);
    for (const { service, host_ip, target, published } of ports) {
      expect(published, service).toBe(String(target));
      if (name !== "agent-tools") expect(host_ip, service).toBe("127.0.0.1");
    }
  });

  test("keeps data in named volumes, and nothing of the host's", () => {
    for (const [service, { volumes }] of all)
      for (const { type } of volumes ?? []) expect(type, service).toBe("volume");
    const volumes = all.flatMap(([, own]) => (own.volumes ?? []).map(({ source }) => source));
    expect(volumes.length).toBe(new Set(volumes).size);
  });

  test("takes every secret from the environment, hands it over as a file, and shows none", () => {
    const secrets = Object.entries(result.project.secrets ?? {});
    for (const [secret, { environment }] of secrets) expect(environment).toBe(secret.toUpperCase());
    for (const [service, { environment = {}, secrets: mounted = [] }] of all) {
      const sensitive = Object.entries(environment).filter(([key]) =>
        /(PASSWORD|TOKEN|SECRET|KEY|_PAT)(_|$)/.test(key),
      );
      const files = sensitive.map(([, file]) => file).sort();
      expect(files, service).toEqual(mounted.map(({ source }) => `/run/secrets/${source}`).sort());
      for (const value of Object.values(environment)) expect(value, service).not.toMatch(/:\/\/[^/]*:[^/]*@/);
    }
    const values = Object.fromEntries(secrets.map(([, { environment }], index) => [environment, `unprinted-${index}`]));
    expect(toYaml(load(name, values, ["*"]).project)).not.toContain("unprinted");
  });

  test("calls services by names and ports that there are", () => {
    const listens = new Map(
      all.map(([service, { ports, healthcheck, environment }]) => [
        service,
        [...(ports ?? []).map(({ target }) => String(target)), JSON.stringify([healthcheck, environment])],
      ]),
    );
    const texts = [
      ...all.flatMap(([, { environment = {} }]) => Object.values(environment)),
      ...Object.values(result.project.configs ?? {}).map(({ content }) => content),
    ].join("\n");
    const addresses = [...texts.matchAll(/(?<![\w.])([a-z][\w-]*):(\d+)\b/g)].filter(
      ([, host]) => host !== "localhost",
    );
    for (const [address, host = "", port = ""] of addresses) {
      expect([...listens.keys()], address).toContain(host);
      const known = { redis: "6379", zookeeper: "2181" }[host] ?? listens.get(host)?.join(" ");
      expect(known, address).toContain(port);
    }
    if (name !== "dspy") expect(addresses.length).toBeGreaterThan(3);
  });
});
