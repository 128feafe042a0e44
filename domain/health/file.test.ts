import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_RULES } from "./alert.ts";
import { parseHealthFile } from "./file.ts";

const read = (text: string, environment: Record<string, string> = {}) =>
  parseHealthFile(text, "health.yaml", (name) => environment[name]);

test("targets, short and long, with variables; rules; times", () => {
  const file = read(
    `
every: 30s
history: 7d
targets:
  shop: https://shop.example.com/health
  db: { address: "postgres://app:\${DB_PASSWORD}@db/shop", timeout: 2s }
  orders: { address: redis://cache, bullmq: orders, most: 100 }
  nas: services:agent-nas
alerts:
  - { name: database down, targets: db, when: unhealthy, for: 2m, severity: critical }
  - { name: queue is long, targets: [orders, "nas/redis"], when: queue_depth > 100, for: 1m30s, repeat: 8h }
`,
    { DB_PASSWORD: "s3cret" },
  );
  expect(file).toMatchObject({ everyMs: 30_000, keepMs: 7 * 24 * 3_600_000 });
  expect(file.targets.map(({ name, kind, timeoutMs }) => [name, kind, timeoutMs])).toEqual([
    ["shop", "http", 5000],
    ["db", "postgres", 2000],
    ["orders", "redis", 5000],
    ["nas", "services", 5000],
  ]);
  expect(file.targets[1]?.address).toBe("postgres://app:s3cret@db/shop");
  expect(file.targets[2]).toMatchObject({ bullmq: "orders", most: 100 });
  expect(file.alerts.map(({ name, forMs, repeatMs, severity }) => [name, forMs, repeatMs, severity])).toEqual([
    ["database down", 120_000, 86_400_000, "critical"],
    ["queue is long", 90_000, 28_800_000, "warning"],
  ]);
  expect(read("targets: { a: tcp://h:1 }").alerts).toBe(DEFAULT_RULES);
});

const target = "targets:\n  shop: https://shop.example.com\n";
test.each([
  ["", "health.yaml:1: a health file is a mapping with `targets`"],
  ["every: 5s", "health.yaml:1: targets: is missing"],
  ["targets: {}", "health.yaml:1: targets: names nothing"],
  [`${target}evry: 5s`, "health.yaml:3: evry: there is no such key; did you mean every?"],
  [`${target}every: 5 parsecs`, 'health.yaml:3: every: "5 parsecs" is no duration'],
  [`${target}every: 0s`, "health.yaml:3: every: must be 1s at least"],
  ["targets:\n  shop: htps://shop", 'health.yaml:2: targets.shop: "htps://shop" is no address'],
  ["targets:\n  shop:\n    address: tcp://shop", 'health.yaml:3: targets.shop.address: "tcp://shop" names no port'],
  [
    "targets:\n  shop:\n    address: tcp://shop:1\n    status: 200",
    "health.yaml:4: targets.shop.status: is for http only",
  ],
  ["targets:\n  shop: { address: http://h, tiemout: 5s }", "did you mean timeout?"],
  ["targets:\n  db: postgres://app:${DB}@db", "health.yaml:2: the variable DB is not set"],
  [`${target}alerts:\n  - name: a\n    when: cpu > 5`, "health.yaml:5: alerts.0.when: cpu is no number of a result"],
  [
    `${target}alerts:\n  - name: a\n    when: unhealthy\n    targets: shap`,
    'health.yaml:6: alerts.0.targets: "shap" is no target',
  ],
  [
    `${target}alerts:\n  - { name: a, when: unhealthy }\n  - { name: a, when: degraded }`,
    'health.yaml:5: alerts.1.name: there is a rule "a" already',
  ],
  ["targets:\n\tshop: x", "health.yaml:2:"],
])("%j is refused with its line", (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test("a password is not in what is wrong with its address", () => {
  let said = "";
  try {
    read("targets:\n  db: postgre://app:s3cret@db");
  } catch (error) {
    said = JSON.stringify(error) + String(error);
  }
  expect(said).toContain("postgre://db");
  expect(said).not.toContain("s3cret");
});

test("the example of docs/health.md is a health file, and its table has the default rules", () => {
  const text = readFileSync(new URL("../../docs/health.md", import.meta.url), "utf8");
  const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  const variables = { DB_PASSWORD: "x", LANGFUSE_PUBLIC_KEY: "pk", LANGFUSE_SECRET_KEY: "sk" };
  expect(read(example, variables)).toMatchObject({ everyMs: 30_000, targets: { length: 6 }, alerts: { length: 4 } });
  for (const { name, severity } of DEFAULT_RULES)
    expect(text).toContain(`| ${name}${severity === "critical" ? " (critical)" : ""} |`);
});
