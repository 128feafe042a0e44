import { describe, expect, test } from "vitest";
import type { Service } from "../../domain/compose/model.ts";
import { serviceStackFile, serviceStacks } from "./names.ts";
import { hostPorts, load, services } from "./testing/load.ts";

const GiB = 1024 ** 3;

test("the catalog has four files", () => {
  expect(serviceStacks()).toEqual(["agent-nas", "agent-tools", "dspy", "trading"]);
  expect(serviceStackFile("../services/dspy")).toBeUndefined();
  expect(serviceStackFile("none")).toBeUndefined();
});

describe("agent-nas", () => {
  test("is the twelve services with their ports", () => {
    expect(hostPorts("agent-nas")).toEqual({
      "gitlab-webhook": 3001,
      "agent-mesh": 3005,
      minio: 9000,
      postgres: 5432,
      redis: 6379,
      "compliance-engine": 3010,
      "agent-router": 4000,
      "agent-brain": 6333,
      "workflow-engine": 3015,
      "doc-engine": 3011,
      "agent-tracer": 3008,
    });
    expect(Object.keys(services("agent-nas"))).toHaveLength(12);
    expect(services("agent-nas").cloudflared?.ports).toBeUndefined();
  });

  test("has PostgreSQL 16 with pgvector, Redis 7 on Alpine, and Qdrant as the agents' brain", () => {
    const { postgres, redis, "agent-brain": brain } = services("agent-nas");
    expect(postgres?.image).toMatch(/^pgvector\/pgvector:.*pg16$/);
    expect(redis?.image).toMatch(/^redis:7\..*-alpine$/);
    expect(brain?.image).toMatch(/^qdrant\/qdrant:v1\./);
  });

  test("runs on a network that other projects can join, and starts the tunnel without waiting for anybody", () => {
    expect(load("agent-nas").project.networks).toEqual({
      default: expect.objectContaining({ name: "agent-platform" }),
    });
    expect(services("agent-nas").cloudflared?.depends_on).toBeUndefined();
  });

  test("pulls what the platform builds from its registry, at one tag", () => {
    const { project } = load("agent-nas", { IMAGE_TAG: "v2", REGISTRY: undefined });
    expect(project.services["agent-mesh"]?.image).toBe("registry.gitlab.com/blueflyio/agent-platform/agent-mesh:v2");
  });
});

describe("trading", () => {
  /** Service, CPUs, GiB at most, GiB reserved, on a GPU. */
  const rows: [string, number, number, number, boolean?][] = [
    ["timescaledb", 2, 2, 1],
    ["mlflow", 1, 1, 0.5],
    ["redis", 1, 2, 0.5],
    ["kafka-1", 1, 1.5, 1],
    ["kafka-2", 1, 1.5, 1],
    ["kafka-3", 1, 1.5, 1],
    ["zookeeper", 0.5, 0.75, 0.5],
    ["prometheus", 1, 1, 0.5],
    ["grafana", 0.5, 0.5, 0.25],
    ["data-service", 1, 1, 0.5],
    ["regime-detection", 1, 1, 0.5],
    ["meta-controller", 2, 8, 4, true],
    ["training-orchestrator", 4, 8, 4, true],
    ["risk-manager", 1, 1, 0.5],
    ["inference-service", 2, 2, 1, true],
    ["forensics-consumer", 1, 1, 0.5],
  ];

  test.each(rows)("%s may use %d CPUs and %d GiB, and has %d GiB for sure", (name, cpus, most, least, gpu = false) => {
    const service = services("trading", ["*"])[name];
    const { limits, reservations } = service?.deploy?.resources ?? {};
    expect(limits).toEqual({ cpus, memory: String(most * GiB) });
    expect(reservations?.memory).toBe(String(least * GiB));
    const device = { driver: "nvidia", count: 1, capabilities: ["gpu"] };
    expect(reservations?.devices).toEqual(gpu ? [device] : undefined);
    expect(service?.environment?.CUDA_VISIBLE_DEVICES).toBe(gpu ? "0" : undefined);
    expect(service?.restart).toBe("on-failure:3");
  });

  test("is those, two Kafka brokers of them only with the profile cluster; with it they come to 33.75 GiB", () => {
    const all = rows.map(([name]) => name).sort();
    expect(Object.keys(services("trading", ["cluster"])).sort()).toEqual(all);
    const single = all.filter((name) => name !== "kafka-2" && name !== "kafka-3");
    expect(Object.keys(services("trading")).sort()).toEqual(single);
    expect(rows.reduce((sum, [, , most]) => sum + most, 0)).toBe(33.75);
  });

  test("has the documented tunings", () => {
    const { timescaledb, redis, "kafka-1": kafka, prometheus } = services("trading");
    expect(timescaledb?.command).toEqual(
      "postgres -c shared_preload_libraries=timescaledb -c max_connections=200 -c shared_buffers=512MB -c effective_cache_size=1536MB".split(
        " ",
      ),
    );
    expect(redis?.command).toEqual(
      "redis-server --maxmemory 2gb --maxmemory-policy allkeys-lru --save 900 1 --save 300 10 --save 60 10000".split(
        " ",
      ),
    );
    expect(kafka?.environment).toMatchObject({
      KAFKA_HEAP_OPTS: "-Xmx1G -Xms1G",
      KAFKA_JVM_PERFORMANCE_OPTS: "-XX:+UseG1GC -XX:MaxGCPauseMillis=20",
    });
    expect(prometheus?.command).toEqual(
      expect.arrayContaining(["--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=10GB"]),
    );
  });

  test("checks health as documented", () => {
    const { "inference-service": inference, zookeeper, "kafka-1": kafka, timescaledb, redis } = services("trading");
    expect(inference?.healthcheck).toEqual({
      test: ["CMD", "curl", "-f", "http://localhost:8080/health"],
      interval: "30s",
      timeout: "10s",
      retries: 3,
      start_period: "1m0s",
    });
    const said = (service: Service | undefined) => service?.healthcheck?.test?.join(" ");
    expect(said(zookeeper)).toContain("echo srvr | nc ");
    expect(said(kafka)).toContain("KAFKA_HEAP_OPTS=-Xmx128M kafka-broker-api-versions");
    expect(said(timescaledb)).toContain("pg_isready");
    expect(said(redis)).toContain("redis-cli ping");
  });
});

describe("agent-tools", () => {
  test("is the six services with their ports, of which the three that agents call are open", () => {
    expect(hostPorts("agent-tools")).toEqual({
      "gateway-mcp": 8000,
      "rag-context": 8007,
      "state-persistence": 8008,
      qdrant: 6333,
      postgres: 5432,
      prometheus: 9090,
    });
    const open = Object.entries(services("agent-tools")).filter(([, { ports }]) => ports?.[0]?.host_ip === "0.0.0.0");
    expect(open.map(([name]) => name).sort()).toEqual(["gateway-mcp", "rag-context", "state-persistence"]);
    expect(services("agent-tools").postgres?.image).toMatch(/^postgres:16\./);
  });

  test("keeps the stores on the host itself even where the rest is opened", () => {
    const { project } = load("agent-tools", { BIND_ADDRESS: "10.0.0.5" });
    const address = (name: string) => project.services[name]?.ports?.[0]?.host_ip;
    expect(address("gateway-mcp")).toBe("10.0.0.5");
    for (const store of ["qdrant", "postgres", "prometheus"]) expect(address(store), store).toBe("127.0.0.1");
  });

  test("traces to Langfuse, and is scraped by Prometheus", () => {
    for (const name of ["gateway-mcp", "rag-context", "state-persistence"])
      expect(services("agent-tools")[name]?.environment).toMatchObject({
        LANGFUSE_HOST: "https://us.cloud.langfuse.com",
        LANGFUSE_PUBLIC_KEY_FILE: "/run/secrets/langfuse_public_key",
        LANGFUSE_SECRET_KEY_FILE: "/run/secrets/langfuse_secret_key",
      });
    const content = load("agent-tools").project.configs?.prometheus?.content;
    for (const target of ["gateway-mcp:8000", "rag-context:8007", "state-persistence:8008"])
      expect(content).toContain(target);
  });
});

describe("dspy", () => {
  test("is the registry of six services with their ports", () => {
    expect(hostPorts("dspy")).toEqual({
      redis: 6379,
      reddb: 8080,
      "infermesh-node-a": 19001,
      "infermesh-node-b": 19002,
      "infermesh-router": 19000,
      ollama: 11434,
    });
  });

  test("starts the cache before the nodes, and the nodes before the router", () => {
    const order = Object.fromEntries(
      Object.entries(services("dspy")).map(([name, { depends_on }]) => [name, Object.keys(depends_on ?? {}).sort()]),
    );
    expect(order).toEqual({
      redis: [],
      reddb: [],
      ollama: [],
      "infermesh-node-a": ["redis"],
      "infermesh-node-b": ["redis"],
      "infermesh-router": ["infermesh-node-a", "infermesh-node-b"],
    });
  });

  test.each(["reddb", "infermesh-node-a", "infermesh-node-b", "infermesh-router"])(
    "asks %s at its own port",
    (name) => {
      const test = services("dspy")[name]?.healthcheck?.test;
      expect(test?.at(-1)).toBe(`http://localhost:${hostPorts("dspy")[name]}/health`);
    },
  );
});
