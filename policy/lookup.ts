import type { Subject } from "./rule.ts";

const maps = new WeakMap<readonly Subject[], ReadonlyMap<string, Subject>>();

/** The resource with the URN. The stack is put in order once, however often and by however many rules it is asked. */
export function resourceAt(urn: string, resources: readonly Subject[]): Subject | undefined {
  let byUrn = maps.get(resources);
  if (!byUrn) {
    byUrn = new Map(resources.map((one) => [one.urn, one]));
    maps.set(resources, byUrn);
  }
  return byUrn.get(urn);
}

/** Whether it is a resource of DigitalOcean of this kind: `droplet` is `digitalocean:index/droplet:Droplet`. */
export function isOf(kind: string, { type }: Subject): boolean {
  return type.startsWith(`digitalocean:index/${kind}:`);
}
