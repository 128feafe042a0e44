import { describe, expect, test } from "vitest";
import { UserError } from "../errors.ts";
import { readTunnelFile } from "./file.ts";
import { hostnamesOf } from "./ingress.ts";
import { matchingRule, requestOf } from "./match.ts";
import { durationSeconds } from "./origin-request.ts";
import { zoneOf } from "./zones.ts";

const END = "  - service: http_status:404\n";
const read = (text: string) => readTunnelFile(text, "/t/nas.yaml", "fallback");

function refusal(text: string): { reason: string; suggestion?: string; line: number; also?: string[] } {
  try {
    read(text);
  } catch (error) {
    if (error instanceof UserError) return error.details as never;
    throw error;
  }
  throw new Error("it was taken");
}

describe("a tunnel's file", () => {
  test("is read with its settings; times are seconds", () => {
    const text = `
ingress:
  - hostname: a.example.com
    path: ^/x
    service: http://a:80
    originRequest:
      connectTimeout: 1m30s
      noTLSVerify: true
      access: { required: true, teamName: us, audTag: [t1] }
${END}originRequest: { keepAliveConnections: 10, httpHostHeader: a }
`;
    expect(read(text)).toEqual({
      name: "fallback",
      ingress: [
        {
          hostname: "a.example.com",
          path: "^/x",
          service: "http://a:80",
          originRequest: {
            connectTimeout: 90,
            noTLSVerify: true,
            access: { required: true, teamName: "us", audTag: ["t1"] },
          },
        },
        { service: "http_status:404" },
      ],
      originRequest: { keepAliveConnections: 10, httpHostHeader: "a" },
      ignored: [],
    });
  });

  test("may use anchors", () => {
    const text = `ingress:\n  - { hostname: a.b, service: "http://a", originRequest: &all { noTLSVerify: true } }
  - { hostname: c.d, service: "http://c", originRequest: *all }\n${END}`;
    expect(read(text).ingress[1]?.originRequest).toEqual({ noTLSVerify: true });
  });

  test("keeps what is the connector's, with its line, and does not apply it", () => {
    const text = `tunnel: nas\ncredentials-file: /x.json\nloglevel: debug\ningress:\n${END}`;
    expect(read(text)).toMatchObject({
      name: "nas",
      ignored: [
        { key: "credentials-file", line: 2 },
        { key: "loglevel", line: 3 },
      ],
    });
  });

  test("has all of its problems told at once, each with its line", () => {
    const text = `tunnel: nas
ingres: []
ingress:
  - hostname: a.example.com
    servise: http://a
  - hostname: b.example.com
    service: http://b
    originRequest: { connectTimeout: 1.5s, bastionMode: true, noTLSVerify: maybe }
${END}`;
    const { reason, suggestion, line, also } = refusal(text);
    expect([reason, line]).toEqual(["/t/nas.yaml:2: ingres: is not known", 2]);
    expect(suggestion).toBe("did you mean ingress?");
    expect(also).toEqual([
      "/t/nas.yaml:4: ingress.0: the rule has no service",
      "/t/nas.yaml:5: ingress.0.servise: is not known",
      "/t/nas.yaml:8: ingress.1.originRequest.connectTimeout: must be a duration of whole seconds, as in 30s or 1m30s",
      "/t/nas.yaml:8: ingress.1.originRequest.bastionMode: is not known to tunnels that are configured at Cloudflare",
      "/t/nas.yaml:8: ingress.1.originRequest.noTLSVerify: must be true or false",
    ]);
  });

  test.each([
    [
      "access for every rule at once, which protects none",
      `originRequest: { access: { teamName: a, audTag: [b] } }\ningress:\n${END}`,
      1,
      /everybody would reach/,
    ],
    [
      "access without a tag",
      `ingress:\n  - { hostname: a.b, service: "http://a", originRequest: { access: { teamName: a } } }\n${END}`,
      2,
      /needs teamName and a list audTag/,
    ],
    ["the id of a tunnel", `ingress:\n${END}tunnel: f6da7bdf-d0f8-4796-a804-afb7984bbe11\n`, 3, /id of a tunnel/],
    ["a name with a blank", `tunnel: my nas\ningress:\n${END}`, 1, /"my nas" is no name/],
    [
      "a hidden rule",
      `ingress:\n  - { hostname: "*.b.c", service: "http://a" }\n  - { hostname: a.b.c, service: "http://a" }\n${END}`,
      3,
      /never reached: rule 1 takes all/,
    ],
    [
      "a catch-all in the middle",
      `ingress:\n${END}  - { hostname: a.b.c, service: "http://a" }\n${END}`,
      2,
      /never reached/,
    ],
    ["text in place of a mapping", "ingress\n", 1, /is a mapping/],
    ["nothing", "", 1, /is a mapping/],
    ["a tab", "ingress:\n\t- service: x\n", 2, /[Tt]abs?/],
  ])("refuses %s", (_what, text, line, reason) => {
    const found = refusal(text);
    expect(`${found.reason}; ${found.suggestion ?? ""}`).toMatch(reason);
    expect(found.line).toBe(line);
  });
});

test.each([
  ["30s", 30],
  ["1m30s", 90],
  ["1h", 3600],
  ["500ms", 0.5],
  ["1.5s", 1.5],
  ["30", undefined],
  ["-1s", undefined],
  ["", undefined],
])("the duration %j is %j seconds", (text, seconds) => expect(durationSeconds(text)).toBe(seconds));

test.each([
  ["a.example.com", "1"],
  ["*.example.com", "1"],
  ["example.com", "1"],
  ["a.dev.example.com", "2"],
  ["a.bücher.org", "3"],
  ["notexample.com", undefined],
  ["com", undefined],
])("%s lies in zone %s", (hostname, id) => {
  const zones = [
    { id: "1", name: "example.com" },
    { id: "2", name: "dev.example.com" },
    { id: "3", name: "xn--bcher-kva.org" },
  ];
  expect(zoneOf(hostname, zones)?.id).toBe(id);
});

test("hostnames come once each, in their order, without those that stand for all", () => {
  const service = "http://a";
  const rules = [
    { hostname: "b.c", path: "/x", service },
    { hostname: "b.c", service },
    { hostname: "*", service },
  ];
  expect(hostnamesOf(rules)).toEqual(["b.c"]);
});

test("an address that is none is wrong usage; a path that cannot be decoded is compared as it is", () => {
  expect(() => requestOf("a.example.com")).toThrow(UserError);
  const rules = [{ path: "%zz", service: "http://a" }, { service: "http_status:404" }];
  expect(matchingRule(rules, requestOf("https://a.b/%zz"))).toBe(0);
});
