import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readServices } from "./files.ts";
import { readSettings } from "./settings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "services-settings-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (environment: Record<string, string> = {}) => readSettings(folder, { HOME: folder, ...environment });
const write = (text: string, name = "config.toml") => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("without file and environment the defaults hold", () => {
  const { values, shown, file } = read();
  expect(values).toEqual({
    host: "unix:///var/run/docker.sock",
    strictPorts: false,
    gpu: "exclusive",
    gpuWaitSeconds: 0,
    waitTimeoutSeconds: undefined,
    registry: undefined,
    logRotation: undefined,
    metricsFile: undefined,
    workspace: process.cwd(),
  });
  expect([file, new Set(shown.map(({ from }) => from))]).toEqual([undefined, new Set(["default"])]);
});

test("the environment wins over the file, the file over the defaults, whatever is set where", () => {
  const keys = [
    { key: "gpu_wait", variable: "WINDLASS_GPU_WAIT", values: ["5", "7"], otherwise: 0 },
    { key: "wait_timeout", variable: "WINDLASS_WAIT_TIMEOUT", values: ["30", "31"], otherwise: null },
    { key: "strict_ports", variable: "WINDLASS_STRICT_PORTS", values: ["true", "false"], otherwise: false },
    { key: "gpu", variable: "WINDLASS_GPU", values: ['"shared"', '"off"'], otherwise: "exclusive" },
    {
      key: "host",
      variable: "DOCKER_HOST",
      values: ['"ssh://a"', '"ssh://b"'],
      otherwise: "unix:///var/run/docker.sock",
    },
    { key: "log_max_size", variable: "WINDLASS_LOG_MAX_SIZE", values: ['"10m"', '"1g"'], otherwise: null },
    { key: "log_max_files", variable: "WINDLASS_LOG_MAX_FILES", values: ["2", "5"], otherwise: 3 },
    { key: "registry", variable: "REGISTRY", values: ['"a"', '"b"'], otherwise: null },
  ] as const;
  const where = fc.tuple(...keys.map(() => fc.record({ file: fc.boolean(), environment: fc.boolean() })));
  fc.assert(
    fc.property(where, (set) => {
      const lines = keys.flatMap(({ key, values }, index) => (set[index]?.file ? [`${key} = ${values[0]}`] : []));
      write(lines.join("\n"));
      const environment = Object.fromEntries(
        keys.flatMap(({ variable, values }, index) =>
          set[index]?.environment ? [[variable, values[1].replaceAll('"', "")]] : [],
        ),
      );
      const { shown } = read(environment);
      for (const [index, { key, values, otherwise }] of keys.entries()) {
        const found = shown.find((one) => one.key === key);
        const [file, own] = [set[index]?.file, set[index]?.environment];
        expect(found?.from).toBe(own ? "environment" : file ? "file" : "default");
        expect(found?.value).toBe(own ? JSON.parse(values[1]) : file ? JSON.parse(values[0]) : otherwise);
      }
    }),
    { numRuns: 50 },
  );
});

const DSPY = `workspace = "."
orchestrator_addr = "localhost:9098"
env_manager_addr = "localhost:50100"
gpu = false

[services]
reddb = true
redis = true
infermesh-router = true
ollama = false

[ports]
reddb = 8090
redis = 6379
infermesh-router = 19000
ollama = 11434
orchestrator = 9098
env_manager = 50100
`;

test("the file that DSPy agents have is read, and says what has no effect", () => {
  mkdirSync(join(folder, ".dspy-agent"));
  const file = write(DSPY, ".dspy-agent/config.toml");
  const { values, stack, unused, shown } = read();
  expect(values.gpu).toBe("off");
  expect(shown.find(({ key }) => key === "gpu")?.where).toBe(`${file}:4`);
  expect([...stack.off]).toEqual([["ollama", `${file}:10`]]);
  expect(stack.ports.get("reddb")).toEqual({ port: 8090, where: `${file}:13` });
  expect(unused).toEqual([
    `${file}:2: orchestrator_addr has no effect: it is no service of a stack`,
    `${file}:3: env_manager_addr has no effect: it is no service of a stack`,
    `${file}:17: ports.orchestrator has no effect: it is no service of a stack`,
    `${file}:18: ports.env_manager has no effect: it is no service of a stack`,
  ]);
  expect(readSettings(folder, { HOME: "/nowhere" }).file).toBeUndefined();
  expect(readSettings(folder, { HOME: "/nowhere", WINDLASS_CONFIG: file }).file).toBe(file);
});

test("the stack dspy gets its services and ports, other projects and other settings are left alone", () => {
  write(DSPY);
  const settings = read();
  const environment = { REGISTRY: "r", IMAGE_TAG: "1" };
  const { services, volumes } = readServices({ files: ["dspy"], environment, settings }).project;
  expect(Object.keys(services)).not.toContain("ollama");
  expect(Object.keys(volumes ?? {})).not.toContain("ollama");
  expect(services.reddb?.ports).toMatchObject([{ published: "8090", target: 8080, host_ip: "127.0.0.1" }]);
  const other = readServices({ files: ["dspy"], projectName: "mine", environment, settings }).project;
  expect(other.services.reddb?.ports).toMatchObject([{ published: "8080" }]);
  expect(Object.keys(other.services)).toContain("ollama");
});

test("a service that is off and needed is refused with its place", () => {
  const file = write("[services]\nredis = false\n");
  expect(() =>
    readServices({ files: ["dspy"], environment: { REGISTRY: "r", IMAGE_TAG: "1" }, settings: read() }),
  ).toThrow(
    `${file}:2: services.redis is off, and infermesh-node-a needs it; turn infermesh-node-a off as well, or redis on`,
  );
});

test("the registry fills in for REGISTRY, below .env and the environment", () => {
  write('registry = "from-settings"\n');
  const compose = write("services: { web: { image: '$REGISTRY/web' } }", "compose.yaml");
  const image = (environment = {}) =>
    readServices({ files: [compose], environment, settings: read() }).project.services.web?.image;
  expect(image()).toBe("from-settings/web");
  write("REGISTRY=from-env-file\n", ".env");
  expect(image()).toBe("from-env-file/web");
  expect(image({ REGISTRY: "from-environment" })).toBe("from-environment/web");
});

test("the workspace is where a Compose file is looked for", () => {
  write("services: { web: { image: a } }", "compose.yaml");
  const settings = read({ WINDLASS_WORKSPACE: folder });
  expect(readServices({ files: [], environment: {}, settings }).files).toEqual([join(folder, "compose.yaml")]);
});

test.each([
  ["gpu_wiat = 5\n", "1: gpu_wiat: there is no such key; did you mean gpu_wait?"],
  ["\n[services]\nredys = true\n", "3: services.redys: there is no such key; did you mean redis?"],
  ["[ports]\nredis = 70000\n", "2: ports.redis: "],
  ['gpu = "some"\n', "1: gpu: "],
  ["wait_timeout = 0\n", "1: wait_timeout: "],
  ["gpu = \n", "1: "],
])("%j is refused with file and line", (text, expected) => {
  const file = write(text);
  expect(() => read()).toThrow(`${file}:${expected}`);
});

test.each([
  ["WINDLASS_GPU_WAIT", "soon"],
  ["WINDLASS_GPU_WAIT", "-1"],
  ["WINDLASS_WAIT_TIMEOUT", "0"],
  ["WINDLASS_STRICT_PORTS", "perhaps"],
  ["WINDLASS_GPU", "two"],
])("%s=%s is refused by name", (variable, value) => {
  expect(() => read({ [variable]: value })).toThrow(`${variable}: got "${value}", allowed is`);
});

test("a file that is named and not there is an error", () => {
  expect(() => read({ WINDLASS_CONFIG: "/nowhere.toml" })).toThrow("WINDLASS_CONFIG: there is no file /nowhere.toml");
});
