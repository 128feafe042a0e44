import { posix } from "node:path";
import { map, type Node, type ScalarNode, scalar } from "./node.ts";

const PROPAGATIONS = new Set(["rprivate", "private", "rshared", "shared", "rslave", "slave"]);

/** `SOURCE:TARGET:OPTIONS` in its parts; a colon behind a drive letter belongs to the path. */
function parts(spec: string): string[] {
  if (spec.length <= 2) return [spec];
  const found: string[] = [];
  let part = "";
  for (const char of spec) {
    if (char === ":" && !/^[a-z]$/i.test(part)) {
      found.push(part);
      part = "";
    } else part += char;
  }
  return [...found, part];
}

/** Where a short volume is mounted. */
export function volumeTarget(spec: string): string | undefined {
  const found = parts(spec);
  return found.length === 1 ? found[0] : found[1];
}

/** Whether a source is a path of the host, and not the name of a volume. */
export function isHostPath(source: string): boolean {
  return /^([./~]|\\\\|[a-z]:)/i.test(source);
}

/**
 * The long form of a short volume: `/data`, `name:/data`, `./folder:/data:ro`. Options are `ro`, `rw`, `nocopy`, a propagation and `z` or `Z`;
 * for a path of the host the folder is made where it is missing. Gives the reason as text where the spec is none. Options that Compose does not
 * know (`cached`, `delegated`) it leaves out; they come back in `ignored`.
 */
export function longVolume(spec: ScalarNode): { node: Node; ignored: string[] } | string {
  const written = String(spec.value);
  const found = parts(written);
  if (written === "") return "is empty";
  if (found.some((part) => part === "")) return `${written} has an empty part between colons`;
  if (found.length > 3) return `${written} has too many colons`;
  const { at } = spec;
  const text = (value: string): Node => scalar(value, at);
  const flag = (value: boolean): Node => scalar(value, at);
  const [source, target = "", options = ""] = found.length === 1 ? [undefined, found[0]] : found;
  const bind = new Map<string, Node>();
  const volume = new Map<string, Node>();
  const ignored: string[] = [];
  let readOnly = false;
  for (const option of options.split(",").filter((word) => word !== "")) {
    if (option === "ro" || option === "rw") readOnly = option === "ro";
    else if (option === "nocopy") volume.set("nocopy", flag(true));
    else if (PROPAGATIONS.has(option)) bind.set("propagation", text(option));
    else if (option === "z" || option === "Z") bind.set("selinux", text(option));
    else ignored.push(option);
  }
  const hostPath = source !== undefined && isHostPath(source);
  if (hostPath) bind.set("create_host_path", flag(true));
  const entries = new Map<string, Node>([["type", text(hostPath ? "bind" : "volume")]]);
  if (source !== undefined) entries.set("source", text(source));
  entries.set("target", text(posix.normalize(target).replace(/(.)\/$/, "$1")));
  if (readOnly) entries.set("read_only", flag(true));
  if (bind.size > 0) entries.set("bind", map(bind, at));
  if (volume.size > 0 || (!hostPath && written.length > 2)) entries.set("volume", map(volume, at));
  return { node: map(entries, at), ignored };
}
