import { entry, isNull, type Node, type Path, pathTable, rewriteTree, stringOf, textOf } from "./node.ts";
import { volumeTarget } from "./volume.ts";

/** What makes two items of a list the same; the later one takes the earlier one's place. */
type Identity = (item: Node) => string | undefined;

/** Makes items of lists unique where Compose does; in place. */
export function makeUnique(root: Node): void {
  rewriteTree(root, (node, path: Path) => {
    const identity = node.kind === "list" ? IDENTITIES(path) : undefined;
    if (node.kind !== "list" || !identity) return undefined;
    const places = new Map<string, number>();
    const items: Node[] = [];
    for (const item of node.items) {
      const key = identity(item);
      const place = key === undefined ? undefined : places.get(key);
      if (place !== undefined) items[place] = item;
      else {
        if (key !== undefined) places.set(key, items.length);
        items.push(item);
      }
    }
    return { ...node, items };
  });
}

/** `KEY=value` by its key, other text by itself. */
const byKey: Identity = (item) => (item.kind === "scalar" && !isNull(item) ? textOf(item).split("=")[0] : undefined);

const byVolumeTarget: Identity = (item) => {
  const short = stringOf(item);
  return short === undefined ? stringOf(entry(item, "target")) : volumeTarget(short);
};

const byDeviceTarget: Identity = (item) => {
  const short = stringOf(item);
  if (short === undefined) return stringOf(entry(item, "target"));
  const [source, target] = short.split(":");
  return target ?? source;
};

const byMount =
  (folder: string): Identity =>
  (item) => {
    const short = stringOf(item);
    if (short !== undefined) return `${folder}/${short}`;
    return stringOf(entry(item, "target")) ?? `${folder}/${stringOf(entry(item, "source"))}`;
  };

/** Address, published and target port, protocol. A published number and a published text are two things, as in Compose. */
const byPort: Identity = (item) => {
  if (item.kind === "scalar") return textOf(item);
  const value = (key: string, otherwise: string): string => {
    const node = entry(item, key);
    return node?.kind === "scalar" ? `${key === "published" ? typeof node.value : ""}${textOf(node)}` : otherwise;
  };
  return `${value("host_ip", "0.0.0.0")}:${value("published", "")}:${value("target", "")}/${value("protocol", "tcp")}`;
};

const byPath: Identity = (item) => stringOf(item) ?? stringOf(entry(item, "path"));

const SERVICE: Record<string, Identity> = {
  annotations: byKey,
  "build.args": byKey,
  "build.additional_contexts": byKey,
  "build.tags": byKey,
  "build.labels": byKey,
  cap_add: byKey,
  cap_drop: byKey,
  configs: byMount(""),
  "deploy.labels": byKey,
  devices: byDeviceTarget,
  dns: byKey,
  dns_opt: byKey,
  dns_search: byKey,
  environment: byKey,
  env_file: byPath,
  expose: byKey,
  labels: byKey,
  links: byKey,
  "networks.*.aliases": byKey,
  "networks.*.link_local_ips": byKey,
  ports: byPort,
  profiles: byKey,
  secrets: byMount("/run/secrets"),
  sysctls: byKey,
  tmpfs: byKey,
  volumes: byVolumeTarget,
};

const IDENTITIES = pathTable<Identity>({
  "networks.*.labels": byKey,
  ...Object.fromEntries(Object.entries(SERVICE).map(([path, identity]) => [`services.*.${path}`, identity])),
});
