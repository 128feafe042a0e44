import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Service } from "../compose/model.ts";
import {
  overlap,
  type PlacedPort,
  type PortWish,
  placePorts,
  portClashes,
  portRange,
  type TakenPort,
} from "./ports.ts";

const wish = (key: string, wanted: string, changes: Partial<PortWish> = {}): PortWish => ({
  key,
  service: key,
  indices: [0],
  ips: ["127.0.0.1"],
  target: 80,
  protocol: "tcp",
  wanted,
  ...changes,
});
const taken = (port: number, changes: Partial<TakenPort> = {}): TakenPort => ({
  ip: "127.0.0.1",
  port,
  protocol: "tcp",
  by: "container other",
  ...changes,
});
/** `web: 8080` by key. */
function ports(...args: Parameters<typeof placePorts>): Record<string, number> {
  return Object.fromEntries(placePorts(...args).placements.map(({ key, published }) => [key, published]));
}
const placed = (key: string, wanted: string, published: number): PlacedPort => ({
  key,
  target: 80,
  protocol: "tcp",
  wanted,
  published,
});

describe("a port that is taken", () => {
  test("is left for the next free one, and its holder named", () => {
    const { placements } = placePorts([wish("web", "8080")], [taken(8080), taken(8081)]);
    expect(placements).toMatchObject([{ published: 8082, by: "container other" }]);
  });

  test("of another address or protocol is not in the way; one of all addresses is", () => {
    const elsewhere = [taken(8080, { ip: "127.0.0.2" }), taken(8080, { protocol: "udp" }), taken(8080, { ip: "::" })];
    expect(ports([wish("web", "8080")], elsewhere)).toEqual({ web: 8080 });
    expect(ports([wish("web", "8080")], [taken(8080, { ip: "0.0.0.0" })])).toEqual({ web: 8081 });
    expect(ports([wish("web", "8080", { ips: [""] })], [taken(8080)])).toEqual({ web: 8081 });
  });

  test("moves on every address at once", () => {
    const both = wish("web", "8080", { ips: ["0.0.0.0", "::"], indices: [0, 1] });
    expect(ports([both], [taken(8080), taken(8081, { ip: "::1" })])).toEqual({ web: 8082 });
  });

  test("does not take what another service of the file asks for", () => {
    expect(ports([wish("web", "8080"), wish("api", "8081")], [taken(8080)])).toEqual({ web: 8082, api: 8081 });
  });

  test("stays where it was moved, though the first one is free again; not where that is taken now", () => {
    const before = [placed("web", "8080", 8085)];
    expect(placePorts([wish("web", "8080")], [], before).placements).toMatchObject([{ published: 8085 }]);
    expect(ports([wish("web", "8080")], [taken(8085)], before)).toEqual({ web: 8080 });
    expect(ports([wish("web", "9000")], [], before)).toEqual({ web: 9000 });
    expect(ports([wish("web", "8080"), wish("api", "8085")], [], before)).toEqual({ web: 8085, api: 8086 });
  });

  test("with nothing free above is told", () => {
    expect(placePorts([wish("web", "65535")], [taken(65_535)])).toMatchObject({
      placements: [],
      none: [{ key: "web", by: "container other" }],
    });
  });
});

describe("a range", () => {
  test("gives its first free port, single ports before it, and is not left", () => {
    expect(ports([wish("a", "8000-8002"), wish("b", "8000")], [taken(8001)])).toEqual({ a: 8002, b: 8000 });
    const { none } = placePorts([wish("a", "8000-8001")], [taken(8000), taken(8001)]);
    expect(none).toMatchObject([{ key: "a", wanted: "8000-8001" }]);
  });

  test("gives each container of a service one", () => {
    const three = ["web-1", "web-2", "web-3"].map((key) => wish(key, "8000-8002"));
    expect(ports(three, [])).toEqual({ "web-1": 8000, "web-2": 8001, "web-3": 8002 });
  });
});

describe("whatever is asked for and taken", () => {
  const ip = fc.constantFrom("", "0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1");
  const protocol = fc.constantFrom("tcp", "udp");
  const port = fc.integer({ min: 20, max: 40 });
  const wanted = fc.oneof(
    port.map(String),
    fc.tuple(port, fc.integer({ min: 1, max: 4 })).map(([first, more]) => `${first}-${first + more}`),
  );
  const wishes = fc
    .array(fc.record({ wanted, protocol, ips: fc.uniqueArray(ip, { minLength: 1, maxLength: 2 }) }), { maxLength: 12 })
    .map((list) => list.map(({ wanted: text, ...one }, index) => wish(`s${index}`, text, one)));
  const busy = fc.array(fc.record({ ip, port, protocol, by: fc.constant("other") }), { maxLength: 15 });

  test("no port is given twice, none that is taken, and none outside a range", () => {
    fc.assert(
      fc.property(wishes, busy, (asked, held) => {
        const { placements, none } = placePorts(asked, held);
        expect(placements.length + none.length).toBe(asked.length);
        const given: Omit<TakenPort, "by">[] = [];
        for (const { ips, published, protocol: kind, wanted: text } of placements) {
          const { first, last } = portRange(text);
          expect(published).toBeGreaterThanOrEqual(first);
          if (last > first) expect(published).toBeLessThanOrEqual(last);
          for (const address of ips)
            for (const other of [...held, ...given])
              expect(other.port === published && other.protocol === kind && overlap(other.ip, address)).toBe(false);
          given.push(...ips.map((address) => ({ ip: address, port: published, protocol: kind })));
        }
      }),
    );
  });

  test("nothing moves when it is asked for again", () => {
    fc.assert(
      fc.property(wishes, busy, (asked, held) => {
        const first = placePorts(asked, held).placements;
        const before = first.filter(({ wanted: text, published }) => text !== String(published));
        const again = placePorts(asked, held, before).placements;
        const where = (list: typeof first) => Object.fromEntries(list.map(({ key, published }) => [key, published]));
        expect(where(again)).toEqual(where(first));
      }),
    );
  });

  test("what is free where it is wanted is not moved", () => {
    fc.assert(
      fc.property(wishes, (asked) => {
        const alone = asked.filter(
          (one) => !asked.some((other) => other !== one && portRange(other.wanted).first <= 45 && clashes(one, other)),
        );
        for (const { key, wanted: text, published } of placePorts(asked, []).placements)
          if (alone.some((one) => one.key === key)) expect(published).toBe(portRange(text).first);
      }),
    );
  });

  function clashes(one: PortWish, other: PortWish): boolean {
    const [a, b] = [portRange(one.wanted), portRange(other.wanted)];
    return one.protocol === other.protocol && a.first <= b.last && b.first <= a.last;
  }
});

test("two services on one port are a clash; on two addresses, two protocols or two families they are not", () => {
  const service = (...list: string[]): Service =>
    ({
      ports: list.map((text) => {
        const [host_ip, published, protocol] = text.split(" ");
        return { host_ip, published, protocol, target: 80 };
      }),
    }) as Service;
  const fine = {
    a: service("0.0.0.0 80 tcp", ":: 80 tcp"),
    b: service("127.0.0.1 81 tcp"),
    c: service("0.0.0.0 80 udp"),
  };
  expect(portClashes(fine)).toEqual([]);
  expect(portClashes({ ...fine, d: service("127.0.0.1 82 tcp", "127.0.0.1 80 tcp") })).toEqual([
    { path: ["services", "d", "ports", "1"], port: "80", other: "a" },
  ]);
});
