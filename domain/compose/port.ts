import { isIP } from "node:net";
import { map, type Node, type ScalarNode, scalar, textOf } from "./node.ts";

interface Range {
  first: number;
  last: number;
}

function range(text: string): Range | undefined {
  const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (first === "" || Number(last) < Number(first) || Number(last) > 65_535) return undefined;
  return { first: Number(first), last: Number(last) };
}

export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/**
 * The long forms of a short port, one for each port of a range: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `[::1]:8000-8001:9000-9001`,
 * `8000-8010:80` (one of them is taken). Gives the reason as text where the spec is none.
 */
export function longPorts(spec: ScalarNode): Node[] | string {
  const written = textOf(spec);
  const [ports = "", protocol = "tcp", ...more] = written.split("/");
  const parts = ports.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const address = parts.join(":").replace(/^\[(.*)\]$/, "$1");
  const kind = protocol.toLowerCase();
  if (more.length > 0 || !["tcp", "udp", "sctp"].includes(kind))
    return `${written}: the protocol must be tcp, udp or sctp`;
  if (address !== "" && !isAddress(address)) return `${written}: ${address} is no IP address`;
  const inside = range(container);
  const outside = host === "" ? undefined : range(host);
  if (!inside || inside.first === 0)
    return container === "" ? `${written} names no container port` : `${written}: ${container} is no port`;
  if (host !== "" && !outside) return `${written}: ${host} is no port of the host`;
  const count = inside.last - inside.first + 1;
  if (outside && count > 1 && outside.last - outside.first + 1 !== count)
    return `${written}: the ranges differ in length`;
  const { at } = spec;
  const published = (index: number): string | undefined => {
    if (!outside) return undefined;
    return count === 1 && outside.last > outside.first ? host : String(outside.first + index);
  };
  return Array.from({ length: count }, (_, index) => index)
    .sort((a, b) => (`${inside.first + a}/` < `${inside.first + b}/` ? -1 : 1))
    .map((index) => {
      const target = inside.first + index;
      const open = published(index);
      return map(
        [
          ["mode", scalar("ingress", at)] as const,
          ...(address ? [["host_ip", scalar(address, at)] as const] : []),
          ["target", { kind: "scalar", at, value: target, text: String(target) }] as const,
          ...(open === undefined ? [] : [["published", scalar(open, at)] as const]),
          ["protocol", scalar(kind, at)] as const,
        ],
        at,
      );
    });
}
