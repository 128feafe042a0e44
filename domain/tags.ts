/** The tags that every taggable object of a stack carries, so that it can be found, priced and swept without the state. */
export interface Ownership {
  project: string;
  stack: string;
  /** The node the object belongs to, where it belongs to one. */
  node?: string;
}

/** DigitalOcean's rule for tag names: letters, digits, colons, dashes and underscores, 255 characters at most. */
export const TAG_PATTERN = /^[A-Za-z0-9:_-]{1,255}$/;

/** Marks everything Windlass made; objects without it are never touched. */
export const OWNED_TAG = "windlass";

/** Tag lists are sorted: DigitalOcean answers in its own order, and the order must not look like drift. */
export function ownershipTags(owner: Ownership, extra: readonly string[] = []): string[] {
  const own = [OWNED_TAG, `windlass-project:${owner.project}`, stackTag(owner.stack)];
  if (owner.node) own.push(nodeTag(owner.node));
  return [...new Set([...own, ...extra])].sort();
}

/** The tag that firewalls of a node aim at, so that the droplet is covered from its first second. */
export function nodeTag(node: string): string {
  return NODE_TAG + node;
}

/** The tag of a node's objects, the name after it. */
export const NODE_TAG = "windlass-node:";

/** The tag of a snapshot of a volume, the volume's name after it: the id changes when the volume is made anew from a snapshot. */
export const VOLUME_TAG = "windlass-volume:";

export function stackTag(stack: string): string {
  return `windlass-stack:${stack}`;
}

/**
 * The tag that the firewall of a node aims at. It names project and stack too: two stacks of one account may call their nodes the
 * same, and neither may open or close the other's.
 */
export function firewallTag(owner: Required<Ownership>): string {
  return `windlass-firewall:${owner.project}:${owner.stack}:${owner.node}`;
}

/** Whether the tags say that the object belongs to this stack of this project: Windlass touches nothing else. */
export function isOwned(tags: readonly string[] | null, owner: Ownership): boolean {
  const own = ownershipTags({ project: owner.project, stack: owner.stack });
  return own.every((tag) => tags?.includes(tag));
}
