import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule as anyPort } from "./any-port-open.ts";
import { rule as databasePort } from "./database-port-open.ts";
import { rule as dockerPort } from "./docker-port-open.ts";
import { rule as inferencePort } from "./inference-port-open.ts";
import { rule as ssh } from "./ssh-open.ts";

const RULES = [anyPort, databasePort, dockerPort, inferencePort, ssh];
const WORLD = ["0.0.0.0/0", "::/0"];

function broken(inboundRule: unknown): string[] {
  const firewall = declared("firewall", "fw", { inboundRules: [inboundRule] });
  return RULES.filter((rule) => findings(rule, [firewall]).length > 0).map(({ id }) => id);
}

describe("each port has one rule that it breaks", () => {
  const open = (portRange: string) => broken({ protocol: "tcp", portRange, sourceAddresses: WORLD });

  test.each(["22"])("ssh: %s", (port) => expect(open(port)).toEqual(["ssh-open"]));

  test.each(["1433", "3306", "5432", "6333", "6379", "9200", "11211", "27017", "27019", "19530"])(
    "databases: %s",
    (port) => expect(open(port)).toEqual(["database-port-open"]),
  );

  test.each(["2375", "2376", "2377", "2379", "2380", "4243", "6443", "10250", "10255"])(
    "Docker and Kubernetes: %s",
    (port) => expect(open(port)).toEqual(["docker-port-open"]),
  );

  test.each(["8000", "8001", "8080", "8265", "8888", "11434", "30000"])("inference: %s", (port) =>
    expect(open(port)).toEqual(["inference-port-open"]),
  );

  test.each(["25", "53", "80", "443", "8443", "9090"])("none: %s", (port) => expect(open(port)).toEqual([]));
});

test("all ports break every rule: one that is switched off must not hide the others", () => {
  const every = RULES.map(({ id }) => id);
  expect(broken({ protocol: "tcp", portRange: "all", sourceAddresses: WORLD })).toEqual(every);
  expect(broken({ protocol: "tcp", portRange: unknown, sourceAddresses: WORLD })).toEqual(every);
  expect(broken(unknown)).toEqual(every);
});

test("a range that is not known, for known addresses, breaks none", () => {
  expect(broken({ protocol: "tcp", portRange: unknown, sourceAddresses: ["203.0.113.7"] })).toEqual([]);
});

describe("any-port-open", () => {
  const said = (one: object, settings = {}) =>
    findings(anyPort, [declared("firewall", "fw", { inboundRules: [{ sourceAddresses: WORLD, ...one }] })], settings);

  test("says which ports of what, to whom", () => {
    expect(said({ protocol: "udp", portRange: "40000-50000" })).toEqual([
      "fw: inboundRules[0] opens ports 40000-50000 of udp to 0.0.0.0/0 and ::/0",
    ]);
    expect(said({ protocol: unknown, portRange: unknown })).toEqual([
      "fw: inboundRules[0] opens ports that are not known before the update or cannot be read to 0.0.0.0/0 and ::/0",
    ]);
  });

  test("ten ports are a few, eleven are a range, unless the setting says otherwise", () => {
    expect(said({ protocol: "tcp", portRange: "9010-9019" })).toEqual([]);
    expect(said({ protocol: "tcp", portRange: "9010-9020" })).toHaveLength(1);
    expect(said({ protocol: "tcp", portRange: "80" }, { widest: 1 })).toEqual([]);
    expect(said({ protocol: "tcp", portRange: "80-81" }, { widest: 1 })).toHaveLength(1);
  });

  test("ICMP has no ports", () => expect(said({ protocol: "icmp" })).toEqual([]));

  test("a range counts as allowed only where all of it is", () => {
    const settings = { allowed: [443, "50000-60000"] };
    expect(said({ protocol: "udp", portRange: "50000-60000" }, settings)).toEqual([]);
    expect(said({ protocol: "udp", portRange: "49999-60000" }, settings)).toHaveLength(1);
    expect(said({ protocol: "udp", portRange: unknown }, settings)).toHaveLength(1);
  });
});

test("load balancers may lead to inference servers, for that is how the world should reach them", () => {
  const forwardingRules = [{ entryProtocol: "https", entryPort: 443, targetProtocol: "http", targetPort: 8000 }];
  const balancer = declared("loadBalancer", "lb", { forwardingRules });
  expect(RULES.flatMap((rule) => findings(rule, [balancer]))).toEqual([]);
});
