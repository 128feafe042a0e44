/** A tunnel's rules, and what cloudflared 2026.8.2 says of them (`cloudflared tunnel ingress validate`, `... rule URL`). */
export interface TunnelCase {
  name: string;
  /** The file after its first line, `tunnel: nas`. */
  text: string;
  /** Whether cloudflared takes it. */
  valid: boolean;
  /** Why Windlass refuses what cloudflared takes. */
  stricter?: string;
  /** By address: the position of the rule that takes it, from 0. */
  urls?: Record<string, number>;
}

const rules = (...lines: string[]): string => `ingress:\n${lines.map((line) => `  - ${line}\n`).join("")}`;
const END = "service: http_status:404";
const web = (hostname: string) => `{ hostname: "${hostname}", service: "http://web:80" }`;
const service = (text: string) => `{ hostname: a.example.com, service: "${text}" }`;
const path = (text: string) => `{ hostname: a.example.com, path: '${text}', service: "http://web:80" }`;

export const CASES: readonly TunnelCase[] = [
  { name: "a catch-all alone", text: rules(END), valid: true, urls: { "https://a.example.com/x": 0 } },
  {
    name: "the first rule that fits",
    text: rules(path("^/v1/"), web("a.example.com"), web("*.example.com"), END),
    valid: true,
    urls: {
      "https://a.example.com/v1/x": 0,
      "https://a.example.com/x/v1/": 1,
      "https://b.example.com/v1/": 2,
      "https://c.b.example.com/": 2,
      "https://example.com/": 3,
      "https://a.example.org/": 3,
    },
  },
  {
    name: "a path anywhere in the request's",
    text: rules(path("\\.(jpg|png)$"), path("/x[0-9]+/"), END),
    valid: true,
    urls: {
      "https://a.example.com/b/c.png": 0,
      "https://a.example.com/b/c.png?d=e": 0,
      "https://a.example.com/b/c.png/d": 2,
      "https://a.example.com/b/x12/c": 1,
      "https://a.example.com/b%2Fx1/c": 1,
    },
  },
  {
    name: "a path for every hostname",
    text: rules(`{ path: /health, service: "http://web:80" }`, END),
    valid: true,
    urls: { "https://a.example.com/health": 0, "https://b.org/": 1 },
  },
  {
    name: "flags in a path",
    text: rules(path("(?i)^/API"), END),
    valid: true,
    urls: { "https://a.example.com/api": 0 },
  },
  {
    name: "classes of POSIX in a path",
    text: rules(path("^/[[:alpha:]]+$"), END),
    valid: true,
    urls: { "https://a.example.com/ab": 0, "https://a.example.com/a1": 1 },
  },
  {
    name: "a named group",
    text: rules(path("^/(?P<part>x)$"), END),
    valid: true,
    urls: { "https://a.example.com/x": 0 },
  },
  { name: "look-ahead in a path", text: rules(path("^/(?!v1)"), END), valid: false },
  { name: "a back reference in a path", text: rules(path("(a)\\1"), END), valid: false },
  { name: "an open bracket in a path", text: rules(path("[a"), END), valid: false },
  {
    name: "* as a hostname at the end",
    text: rules(web("a.example.com"), web("*")),
    valid: true,
    urls: { "https://b.org/": 1 },
  },
  {
    name: "a hostname in other letters",
    text: rules(web("bücher.example.com"), END),
    valid: true,
    urls: { "https://xn--bcher-kva.example.com/": 0 },
  },
  { name: "no rules", text: "ingress: []\n", valid: false },
  { name: "no ingress", text: "", valid: false },
  { name: "no catch-all", text: rules(web("a.example.com")), valid: false },
  { name: "a path at the end", text: rules(`{ path: /x, service: "http://web:80" }`), valid: false },
  { name: "a catch-all before the end", text: rules(END, web("a.example.com"), END), valid: false },
  { name: "* before the end", text: rules(web("*"), END), valid: false },
  { name: "a wildcard in the middle", text: rules(web("a.*.example.com"), END), valid: false },
  { name: "two wildcards", text: rules(web("*.*.example.com"), END), valid: false },
  { name: "a port in a hostname", text: rules(web("a.example.com:80"), END), valid: false },
  {
    name: "a wildcard for a part of a name",
    text: rules(web("*a.example.com"), END),
    valid: true,
    stricter: "it matches nothing",
  },
  { name: "capital letters", text: rules(web("API.example.com"), END), valid: true, stricter: "no request has them" },
  {
    name: "a hostname that is none",
    text: rules(web("a_b c.example.com"), END),
    valid: true,
    stricter: "no request has it",
  },
  {
    name: "the same rule twice",
    text: rules(web("a.example.com"), web("a.example.com"), END),
    valid: true,
    stricter: "the second takes nothing",
  },
  {
    name: "a path after its hostname",
    text: rules(web("a.example.com"), path("/x"), END),
    valid: true,
    stricter: "it takes nothing",
  },
  {
    name: "a name after its wildcard",
    text: rules(web("*.example.com"), web("a.example.com"), END),
    valid: true,
    stricter: "it takes nothing",
  },
  {
    name: "a path for all before a hostname with it",
    text: rules(`{ path: /x, service: "http://web:80" }`, path("/x"), END),
    valid: true,
    stricter: "it takes nothing",
  },
  { name: "a name before its wildcard", text: rules(web("a.example.com"), web("*.example.com"), END), valid: true },
  ...["https://web:443", "tcp://db:5432", "ssh://host:22", "rdp://host:3389", "ws://web:80", "http://[::1]:80"].map(
    (text) => ({ name: `a service ${text}`, text: rules(service(text), END), valid: true }),
  ),
  ...["unix:/run/web.sock", "unix+tls:/run/web.sock", "hello_world", "bastion", "socks-proxy", "http_status:503"].map(
    (text) => ({ name: `a service ${text}`, text: rules(service(text), END), valid: true }),
  ),
  ...[
    "web:80",
    "web",
    "//web:80",
    "http://",
    "http://web:80/x",
    "http://web:80/",
    "http_status:abc",
    "http_status:99",
    "http_status:1000",
  ].map((text) => ({ name: `a service ${text}`, text: rules(service(text), END), valid: false })),
  { name: "a service without a host", text: rules(service("http://:80"), END), valid: false },
  { name: "no service", text: rules("hostname: a.example.com", END), valid: false },
  {
    name: "a socket without a path",
    text: rules(service("unix:"), END),
    valid: true,
    stricter: "there is no such socket",
  },
  {
    name: "settings of services",
    text: `originRequest: { connectTimeout: 30s, noTLSVerify: true }\n${rules(END)}`,
    valid: true,
  },
  { name: "a duration that is none", text: `originRequest: { connectTimeout: soon }\n${rules(END)}`, valid: false },
  {
    name: "seconds without a unit",
    text: `originRequest: { connectTimeout: 30 }\n${rules(END)}`,
    valid: false,
  },
  {
    name: "a key that is not known",
    text: `${rules(END)}ingres: []\n`,
    valid: true,
    stricter: "cloudflared only warns",
  },
  {
    name: "a private network",
    text: `${rules(END)}warp-routing: { enabled: true }\n`,
    valid: true,
    stricter: "not supported",
  },
  { name: "a list in place of a mapping", text: "ingress: { a: b }\n", valid: false },
  { name: "broken YAML", text: "ingress: [\n", valid: false },
];
