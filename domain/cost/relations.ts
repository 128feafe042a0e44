import { isUnknown, type Resource } from "./inputs.ts";

const ASSIGNMENT = /\/(reserved|floating)IpAssignment:/;
const ADDRESS = /^digitalocean:index\/(reservedIp|floatingIp):/;

/** Tells replicas of their cluster and addresses of their assignment: what a price depends on beyond the resource itself. */
export function withRelations(resources: readonly Resource[]): readonly Resource[] {
  const concerned = resources.some(({ type }) => ADDRESS.test(type) || type.includes("/databaseReplica:"));
  if (!concerned) return resources;
  const byUrn = new Map(resources.flatMap((one) => (one.urn ? [[one.urn, one] as const] : [])));
  const byId = new Map(resources.flatMap((one) => (one.id ? [[one.id, one] as const] : [])));
  const find = (from: Resource, input: string) =>
    byUrn.get(from.propertyDependencies?.[input]?.[0] ?? "") ?? byId.get(String(from.inputs[input] ?? ""));
  const assigned = new Set<Resource>();
  // Assignments of addresses that are still to be made, where the plan does not say of which: each takes one.
  let open = 0;
  for (const one of resources.filter(({ type }) => ASSIGNMENT.test(type))) {
    const address = find(one, "ipAddress");
    if (address) assigned.add(address);
    else if (isUnknown(one.inputs.ipAddress)) open += 1;
  }
  return resources.map((one) => {
    if (one.type.startsWith("digitalocean:index/databaseReplica:")) {
      const cluster = find(one, "clusterId");
      return cluster ? { ...one, related: { clusterId: cluster } } : one;
    }
    if (!ADDRESS.test(one.type) || one.inputs.dropletId !== undefined) return one;
    if (assigned.has(one)) return { ...one, assigned: true };
    if (one.id === undefined && open > 0) {
      open -= 1;
      return { ...one, assigned: true };
    }
    return one;
  });
}
