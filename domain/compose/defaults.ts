import { entry, type Node, pathTable, rewriteTree, scalar, stringOf } from "./node.ts";

/** Sets what Compose takes for granted once all files are merged, in place: protocols, mount points of secrets, all devices. */
export function setDefaults(root: Node): void {
  rewriteTree(root, (node, path) => {
    if (node.kind === "map") DEFAULTS(path)?.(node.entries, node);
    return undefined;
  });
}

type SetDefault = (entries: Map<string, Node>, node: Node) => void;

const allDevices: SetDefault = (entries, { at }) => {
  if (!entries.has("count") && !entries.has("device_ids")) entries.set("count", scalar("all", at));
};

const DEFAULTS = pathTable<SetDefault>({
  "services.*.build": (entries, { at }) => {
    if (!entries.has("context")) entries.set("context", scalar(".", at));
  },
  "services.*.secrets.*": (entries, node) => {
    if (!entries.has("target"))
      entries.set("target", scalar(`/run/secrets/${stringOf(entry(node, "source"))}`, node.at));
  },
  "services.*.ports.*": (entries, { at }) => {
    if (!entries.has("protocol")) entries.set("protocol", scalar("tcp", at));
    if (!entries.has("mode")) entries.set("mode", scalar("ingress", at));
  },
  "services.*.deploy.resources.reservations.devices.*": allDevices,
  "services.*.gpus.*": allDevices,
});
