import { isAlias, isMap, isScalar, isSeq, type Node } from "yaml";
import { type Problem, refuse } from "../compose/problem.ts";
import { nearest } from "../spelling.ts";
import { YamlText } from "../yaml-file.ts";
import { type IngressRule, ingressProblems } from "./ingress.ts";
import { durationSeconds, LOCAL_ORIGIN_KEYS, ORIGIN_KEYS, type OriginRequest } from "./origin-request.ts";

/** What a tunnel's file declares. */
export interface TunnelFile {
  /** The tunnel's name in the account. */
  name: string;
  ingress: IngressRule[];
  /** For services without their own. */
  originRequest?: OriginRequest;
  /** Keys of the file that are the connector's business, each with its place. */
  ignored: { key: string; line: number }[];
}

const KEYS = ["tunnel", "ingress", "originRequest"];
const RULE_KEYS = ["hostname", "path", "service", "originRequest"];

/** Keys of cloudflared's file that say how a connector runs; here its container says it. */
const CONNECTOR_KEYS = [
  ...["autoupdate-freq", "credentials-contents", "credentials-file", "edge-bind-address", "edge-ip-version"],
  ...["grace-period", "ha-connections", "log-directory", "logfile", "loglevel", "metrics", "no-autoupdate"],
  ...["origincert", "pidfile", "post-quantum", "protocol", "region", "retries", "tag", "token", "transport-loglevel"],
];

/** A tunnel's name is also that of its stack. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads a file in the form of cloudflared's own `config.yml`: `tunnel`, `ingress`, `originRequest`.
 * @param file for messages
 * @param fallbackName where the file names no tunnel
 * Throws `UserError` `ConfigInvalid` with the line of every problem.
 */
export function readTunnelFile(text: string, file: string, fallbackName: string): TunnelFile {
  const reader = new FileReader(text, file);
  const result = reader.read(fallbackName);
  refuse(reader.problems.sort((a, b) => a.at.line - b.at.line));
  return result;
}

class FileReader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #yaml: YamlText;
  readonly #root: Node | null;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#yaml = new YamlText(text, { merge: true });
    this.#root = this.#yaml.document.contents;
    for (const broken of this.#yaml.broken) this.#problem(broken.line, [], broken.text);
    if (this.problems.length === 0 && !isMap(this.#root))
      this.#problem(1, [], "a tunnel's file is a mapping with `ingress`");
  }

  read(fallbackName: string): TunnelFile {
    const top = this.#entries(this.#root, []);
    const ignored: TunnelFile["ignored"] = [];
    for (const { key, line } of top) {
      if (CONNECTOR_KEYS.includes(key)) ignored.push({ key, line });
      else if (key === "warp-routing") this.#problem(line, [key], "private networks are not supported", "remove it");
      else if (!KEYS.includes(key)) this.#unknown(line, [], key, [...KEYS, ...CONNECTOR_KEYS]);
    }
    const value = (key: string) => top.find((entry) => entry.key === key)?.value;
    const name = this.#name(value("tunnel"), fallbackName);
    const ingress = this.#ingress(value("ingress"));
    const origin = this.#origin(value("originRequest"), ["originRequest"]);
    return { name, ingress, ...(origin ? { originRequest: origin } : {}), ignored };
  }

  #name(node: Node | undefined, fallback: string): string {
    if (!node) return fallback;
    const name = this.#text(node, ["tunnel"]) ?? fallback;
    if (UUID.test(name))
      this.#problem(node, ["tunnel"], "this is the id of a tunnel", "give a name: the tunnel is made under it");
    else if (!NAME.test(name))
      this.#problem(node, ["tunnel"], `"${name}" is no name`, "letters, digits, dots, dashes, underscores; at most 60");
    return name;
  }

  #ingress(node: Node | undefined): IngressRule[] {
    if (node && !isSeq(node)) this.#problem(node, ["ingress"], "must be a list of rules");
    const nodes = isSeq(node) ? (node.items as Node[]) : [];
    const before = this.problems.length;
    const rules = nodes.map((item, index) => this.#rule(item, ["ingress", String(index)]));
    if (this.problems.length > before || (node && !isSeq(node))) return rules;
    for (const { rule, key, reason, suggestion } of ingressProblems(rules)) {
      const item = rule === undefined ? undefined : nodes[rule];
      const line = key && this.#entries(item, []).find((entry) => entry.key === key)?.line;
      this.#problem(
        line ?? item ?? node ?? 1,
        ["ingress", ...(rule === undefined ? [] : [String(rule)]), ...(key ? [key] : [])],
        reason,
        suggestion,
      );
    }
    return rules;
  }

  #rule(node: Node, path: string[]): IngressRule {
    const entries = this.#entries(node, path);
    for (const { key, line } of entries) if (!RULE_KEYS.includes(key)) this.#unknown(line, path, key, RULE_KEYS);
    const text = (key: string) => {
      const value = entries.find((entry) => entry.key === key)?.value;
      return value ? this.#text(value, [...path, key]) : undefined;
    };
    const [hostname, pattern, service] = [text("hostname"), text("path"), text("service")];
    if (service === undefined && isMap(node) && !entries.some(({ key }) => key === "service"))
      this.#problem(node, path, "the rule has no service", "as in service: http://web:8080");
    const origin = this.#origin(entries.find(({ key }) => key === "originRequest")?.value, [...path, "originRequest"]);
    return {
      ...(hostname ? { hostname } : {}),
      ...(pattern ? { path: pattern } : {}),
      service: service ?? "",
      ...(origin ? { originRequest: origin } : {}),
    };
  }

  #origin(node: Node | undefined, path: string[]): OriginRequest | undefined {
    if (!node) return undefined;
    const result: Record<string, unknown> = {};
    for (const { key, value, line } of this.#entries(node, path)) {
      const kind = ORIGIN_KEYS[key as keyof OriginRequest];
      if (LOCAL_ORIGIN_KEYS.includes(key))
        this.#problem(line, [...path, key], "is not known to tunnels that are configured at Cloudflare", "remove it");
      else if (!kind) this.#unknown(line, path, key, Object.keys(ORIGIN_KEYS));
      else if (kind === "access" && path.length === 1)
        this.#problem(
          line,
          [...path, key],
          "cloudflared does not apply it here: everybody would reach the services",
          "give it to each rule",
        );
      else if (value)
        result[key] =
          kind === "access" ? this.#access(value, [...path, key]) : this.#value(kind, value, [...path, key]);
    }
    return result as OriginRequest;
  }

  #access(node: Node, path: string[]): OriginRequest["access"] {
    const entries = this.#entries(node, path);
    const known = ["required", "teamName", "audTag"];
    for (const { key, line } of entries) if (!known.includes(key)) this.#unknown(line, path, key, known);
    const of = (key: string) => entries.find((entry) => entry.key === key)?.value;
    const [required, team, tags] = [of("required"), of("teamName"), of("audTag")];
    if (!team || !isSeq(tags) || tags.items.length === 0) {
      this.#problem(
        node,
        path,
        "needs teamName and a list audTag",
        "without them cloudflared lets nobody or everybody in",
      );
      return undefined;
    }
    return {
      ...(required ? { required: this.#value("flag", required, [...path, "required"]) as boolean } : {}),
      teamName: this.#text(team, [...path, "teamName"]) ?? "",
      audTag: (tags.items as Node[]).map((item, index) => this.#text(item, [...path, "audTag", String(index)]) ?? ""),
    };
  }

  #value(kind: "text" | "flag" | "number" | "seconds", node: Node, path: string[]): unknown {
    if (kind === "text") return this.#text(node, path);
    const value = isScalar(node) ? node.value : undefined;
    if (kind === "flag" && typeof value === "boolean") return value;
    if (kind === "number" && Number.isInteger(value) && (value as number) >= 0) return value;
    if (kind === "seconds") {
      const seconds = typeof value === "string" ? durationSeconds(value) : undefined;
      if (seconds !== undefined && Number.isInteger(seconds)) return seconds;
    }
    const allowed = {
      flag: "true or false",
      number: "a whole number",
      seconds: "a duration of whole seconds, as in 30s or 1m30s",
    };
    this.#problem(node, path, `must be ${allowed[kind]}`);
    return undefined;
  }

  #text(node: Node, path: string[]): string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "string") return value;
    if (value === null) return undefined;
    this.#problem(node, path, "must be text");
    return undefined;
  }

  #entries(node: Node | null | undefined, path: string[]): { key: string; value: Node | undefined; line: number }[] {
    const map = this.#resolved(node);
    if (isMap(map))
      return map.items.map((pair) => {
        const key = pair.key as Node;
        const value = this.#resolved(pair.value as Node | null);
        return { key: isScalar(key) ? String(key.value) : "", value: value ?? undefined, line: this.#yaml.lineOf(key) };
      });
    if (node && path.length > 0) this.#problem(node, path, "must be a mapping");
    return [];
  }

  /** What an alias stands for. */
  #resolved(node: Node | null | undefined): Node | null | undefined {
    return isAlias(node) ? (node.resolve(this.#yaml.document) as Node | undefined) : node;
  }

  #unknown(line: number, path: string[], key: string, known: readonly string[]): void {
    const meant = nearest(key, known);
    this.#problem(
      line,
      [...path, key],
      "is not known",
      meant ? `did you mean ${meant}?` : `known are ${known.slice(0, 4).join(", ")}`,
    );
  }

  #problem(at: Node | number, path: string[], reason: string, suggestion?: string): void {
    this.problems.push({
      at: { file: this.#file, line: typeof at === "number" ? at : this.#yaml.lineOf(at) },
      path,
      reason,
      ...(suggestion ? { suggestion } : {}),
    });
  }
}
