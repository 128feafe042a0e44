import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNKNOWN as unknown } from "../../domain/cost/inputs.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule } from "./ssh-open.ts";

const WORLD = ["0.0.0.0/0", "::/0"];
const ssh = (sourceAddresses: unknown, more: object = {}) => ({
  protocol: "tcp",
  portRange: "22",
  sourceAddresses,
  ...more,
});
const vpc = declared("vpc", "vpc", { region: "tor1" });
const command = declared("command:local:Command", "command", {});

function said(inboundRules: unknown, from: { urn: string }[] = [], settings: Record<string, unknown> = {}): string[] {
  const propertyDependencies = { inboundRules: from.map(({ urn }) => urn) };
  const firewall = declared("firewall", "fw", { inboundRules }, { propertyDependencies });
  return findings(rule, [vpc, command, firewall], settings);
}

describe("what is open", () => {
  test.each([
    [
      "all ports",
      { protocol: "tcp", portRange: "all", sourceAddresses: WORLD },
      "opens ports 1-65535, with port 22 (ssh), to",
    ],
    ["no port at all", { protocol: "tcp", sourceAddresses: WORLD }, "opens ports 1-65535"],
    ["ports that are not known", ssh(WORLD, { portRange: unknown }), "perhaps port 22 (ssh), to 0.0.0.0/0 and ::/0"],
    ["ports that cannot be read", ssh(WORLD, { portRange: "ssh" }), "cannot be read, perhaps port 22"],
    ["a protocol that is not known", ssh(WORLD, { protocol: unknown }), "opens port 22 (ssh) to"],
    ["a protocol in capitals", ssh(WORLD, { protocol: "TCP" }), "opens port 22 (ssh) to"],
    ["a source that is no address", ssh(["everywhere"]), '"everywhere", which is not an address,'],
    ["an action that is not known", ssh(WORLD, { action: unknown }), "opens port 22"],
    ["a rule that is not known", unknown, "opens ports that are not known before the update or cannot be read"],
  ])("%s", (_, one, message) => {
    const found = said([one]);
    expect(found).toEqual([expect.stringMatching(/^fw: inboundRules\[0\] /)]);
    expect(found[0]).toContain(message);
  });

  test("rules that are not known at all", () => {
    expect(said(unknown)).toEqual([
      "fw: inboundRules opens ports that are not known before the update or cannot be read, perhaps port 22 (ssh), to addresses that are not known before the update",
    ]);
  });
});

describe("what is not", () => {
  test.each([
    ["UDP", ssh(WORLD, { protocol: "udp" })],
    ["ICMP", { protocol: "icmp", sourceAddresses: WORLD }],
    ["another port", ssh(WORLD, { portRange: "443" })],
    ["droplets with a tag", { protocol: "tcp", portRange: "22", sourceTags: [unknown] }],
    ["a load balancer", { protocol: "tcp", portRange: "22", sourceLoadBalancerUids: [unknown] }],
    ["a bare address", ssh(["203.0.113.7"])],
    ["nobody", ssh([])],
  ])("%s", (_, one) => expect(said([one])).toEqual([]));

  test("a firewall without inbound rules", () => expect(said(undefined)).toEqual([]));
});

describe("a source that is not known", () => {
  test("is anybody", () => expect(said([ssh([unknown])])).toHaveLength(1));
  test("is private where only a VPC has a part in it", () => expect(said([ssh([unknown])], [vpc])).toEqual([]));
  test("is anybody where something else has a part in it too", () =>
    expect(said([ssh([unknown])], [vpc, command])).toHaveLength(1));
  test("is anybody where what it is made from is not in the stack", () =>
    expect(
      said([ssh([unknown])], [{ urn: "urn:pulumi:test::project::digitalocean:index/vpc:Vpc::gone" }]),
    ).toHaveLength(1));
  test("is anybody where the whole list is not known", () => expect(said([ssh(unknown)], [vpc])).toHaveLength(1));
});

describe("deny rules", () => {
  test("come before the rule that allows", () =>
    expect(said([ssh(WORLD), ssh(WORLD, { action: "deny" })])).toEqual([]));
  test("open nothing", () => expect(said([ssh(WORLD, { action: "deny" })])).toEqual([]));
  test("of sources that are not known open nothing, and shut nothing", () => {
    expect(said([ssh([unknown], { action: "deny" })])).toEqual([]);
    expect(said([ssh(WORLD), ssh([unknown], { action: "deny" })])).toHaveLength(1);
  });
  test("say nothing of ports or a protocol that are not known", () => {
    expect(said([ssh(WORLD, { portRange: unknown }), ssh(WORLD, { action: "deny", portRange: "all" })])).toHaveLength(
      1,
    );
    const both = [ssh(WORLD, { protocol: unknown }), ssh(WORLD, { protocol: unknown, action: "deny" })];
    expect(said(both)).toHaveLength(1);
  });
  test("of one address leave the world", () =>
    expect(said([ssh(["0.0.0.0/0"]), ssh(["203.0.113.7"], { action: "deny" })])).toHaveLength(1));
  test("of IPv4 leave the world by IPv6", () =>
    expect(said([ssh(WORLD), ssh(["0.0.0.0/0"], { action: "deny" })])).toEqual([
      "fw: inboundRules[0] opens port 22 (ssh) to ::/0",
    ]));
  test("of other ports or of UDP leave it open", () => {
    expect(said([ssh(WORLD), ssh(WORLD, { action: "deny", portRange: "23" })])).toHaveLength(1);
    expect(said([ssh(WORLD), ssh(WORLD, { action: "deny", protocol: "udp" })])).toHaveLength(1);
  });
  test("of a port in a range leave the rest of the range", () =>
    expect(said([ssh(WORLD, { portRange: "20-30" }), ssh(WORLD, { action: "deny" })])).toHaveLength(1));
  test("of a wider range shut it", () =>
    expect(said([ssh(WORLD), ssh(WORLD, { action: "deny", portRange: "1-1024" })])).toEqual([]));
});

test("known networks that are too many together, over several rules", () => {
  expect(said([ssh(["18.0.0.0/8"]), ssh(["19.0.0.0/8"]), ssh(["10.0.0.0/8"])])).toEqual([
    "fw: inboundRules[0] opens port 22 (ssh) to 18.0.0.0/8 and 19.0.0.0/8",
    "fw: inboundRules[1] opens port 22 (ssh) to 18.0.0.0/8 and 19.0.0.0/8",
  ]);
});

test("a rule is not blamed for what another opens", () => {
  expect(said([ssh(["203.0.113.7"]), ssh(["0.0.0.0/0"]), ssh(["10.0.0.0/8"])])).toEqual([
    "fw: inboundRules[1] opens port 22 (ssh) to 0.0.0.0/0",
  ]);
});

test("whatever rules allow and deny: where a sixteenth of the world is left, it is found", () => {
  // IPv4 in sixteen blocks: a network of `bits` bits holds 2^(4 - bits) of them.
  const network = fc
    .record({ block: fc.integer({ min: 0, max: 15 }), bits: fc.integer({ min: 0, max: 4 }) })
    .map(({ block, bits }) => ({ block, bits, text: `${block * 16}.0.0.0/${bits}` }));
  const one = fc.record({
    action: fc.constantFrom("allow", "deny", undefined),
    portRange: fc.constantFrom("22", "20-30", "all", "23"),
    networks: fc.array(network, { maxLength: 4 }),
  });
  const holds = ({ block, bits }: { block: number; bits: number }, other: number) =>
    block >> (4 - bits) === other >> (4 - bits);
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), (rules) => {
      const reach = (denied: boolean, block: number) =>
        rules
          .filter(({ action, portRange }) => (action === "deny") === denied && portRange !== "23")
          .some(({ networks }) => networks.some((each) => holds(each, block)));
      const open = Array.from({ length: 16 }, (_, block) => block).some(
        (block) => reach(false, block) && !reach(true, block),
      );
      const found = said(
        rules.map(({ networks, ...rest }) =>
          ssh(
            networks.map(({ text }) => text),
            rest,
          ),
        ),
      );
      if (open) expect(found).not.toEqual([]);
      if (!rules.some(({ action, portRange }) => action !== "deny" && portRange !== "23")) expect(found).toEqual([]);
    }),
  );
});

describe("settings", () => {
  test("addresses: no public network beside those listed, private ones as ever", () => {
    const addresses = ["203.0.113.0/24"];
    expect(said([ssh(["203.0.113.7", "10.0.0.0/8"])], [], { addresses })).toEqual([]);
    expect(said([ssh(["203.0.113.7"]), ssh(["198.51.100.7"])], [], { addresses })).toEqual([
      "fw: inboundRules[1] opens port 22 (ssh) to 198.51.100.7",
    ]);
  });
  test.each([[{ addresses: ["office"] }], [{ ports: ["ssh"] }], [{ ports: [0] }], [{ ports: [70_000] }]])(
    "%j is refused",
    (given) => expect(rule.settings.safeParse(given).success).toBe(false),
  );
});

describe("load balancers", () => {
  const balancer = (more: object) =>
    findings(rule, [
      declared("loadBalancer", "lb", {
        forwardingRules: [{ entryProtocol: "tcp", entryPort: 22, targetProtocol: "tcp", targetPort: 22, ...more }],
        ...("lb" in more ? (more.lb as object) : {}),
      }),
    ]);
  test("lead to ssh", () =>
    expect(balancer({})).toEqual(["lb: forwardingRules[0] leads to port 22 (ssh) and takes in 0.0.0.0/0 and ::/0"]));
  test("lead to ssh from another port", () =>
    expect(balancer({ entryPort: 2200 })[0]).toContain(
      "leads from port 2200 to 22, so to port 22 (ssh), and takes in",
    ));
  test("with a port that is not known", () =>
    expect(balancer({ entryPort: 443, targetPort: unknown })[0]).toContain("may lead to port 22"));
  test("with UDP do not", () => expect(balancer({ entryProtocol: "udp" })).toEqual([]));
  test("that are internal do not", () => expect(balancer({ lb: { network: "INTERNAL" } })).toEqual([]));
  test("of which it is not known whether they are internal do", () =>
    expect(balancer({ lb: { network: unknown } })).toHaveLength(1));
  test("with a firewall of their own do not", () =>
    expect(balancer({ lb: { firewall: { allows: ["ip:203.0.113.7", "cidr:10.0.0.0/8"] } } })).toEqual([]));
  const UNKNOWN = "addresses that are not known before the update";
  test.each([
    [{ firewall: unknown }, UNKNOWN],
    [{ firewall: { allows: unknown } }, UNKNOWN],
    [{ firewall: { allows: [unknown] } }, UNKNOWN],
    [{ firewall: { allows: ["everybody"] } }, '"everybody", which is not an address,'],
    [{ firewall: { allows: [] } }, "0.0.0.0/0 and ::/0"],
    [{ firewall: { denies: ["ip:203.0.113.7"] } }, "0.0.0.0/0 and ::/0"],
    [{ firewall: { allows: ["cidr:0.0.0.0/0"] } }, "0.0.0.0/0"],
  ])("with %j do", (lb, who) =>
    expect(balancer({ lb })).toEqual([`lb: forwardingRules[0] leads to port 22 (ssh) and takes in ${who}`]),
  );
  test("with rules that are not known", () =>
    expect(findings(rule, [declared("loadBalancer", "lb", { forwardingRules: unknown })])[0]).toContain(
      "forwardingRules may lead to port 22",
    ));
});
