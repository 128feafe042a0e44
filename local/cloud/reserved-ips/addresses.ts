import { idleAddressPrice, startMeter, stopMeter } from "../billing/meters.ts";
import type { CloudState } from "../cloud.ts";
import type { ReservedIp } from "../objects.ts";

/** An address costs while it is assigned to nothing, and only then. These run in the transaction of what caused them. */

export function unassigned(cloud: CloudState, ip: ReservedIp): void {
  cloud.store.reservedIps.put({ ...ip, droplet: null, locked: false });
  if (ip.droplet !== null) startMeter(cloud, "reserved_ip", priced(ip), idleAddressPrice());
}

export function assigned(cloud: CloudState, ip: ReservedIp, droplet: number): void {
  cloud.store.reservedIps.put({ ...ip, droplet, locked: false });
  if (ip.droplet === null) stopMeter(cloud, "reserved_ip", priced(ip));
}

export function reserved(cloud: CloudState, ip: ReservedIp): void {
  cloud.store.reservedIps.put(ip);
  startMeter(cloud, "reserved_ip", priced(ip), idleAddressPrice());
}

export function removeAddress(cloud: CloudState, ip: ReservedIp): void {
  cloud.store.reservedIps.delete(ip.id);
  cloud.store.assignments.delete(`do:floatingip:${ip.id}`);
  if (ip.droplet === null) stopMeter(cloud, "reserved_ip", priced(ip));
  cloud.actions.begin({ kind: "release_ip", visible: false, keys: [`ip:${ip.id}`], params: { ip: ip.id } });
}

function priced(ip: ReservedIp) {
  return { id: ip.id, name: ip.id, region: ip.region, tags: [] };
}
