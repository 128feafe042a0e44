import type { Backend } from "../backend.ts";
import type { Store } from "../store.ts";
import { hosts } from "../vpcs/ranges.ts";

const PUBLIC_RANGE = "198.18.0.0/15";
/** What a snapshot of something that is not there is said to hold, in GiB. */
const SNAPSHOT_GIB = 2.5;
const VOLUME_SNAPSHOT_GIB = 0.1;

/** Nothing behind the objects: only addresses are given, no two alike. For unit tests, and for thousands of droplets. */
export function createNoneBackend(store: Store): Backend {
  const addresses = new Addresses(store);
  const nothing = async () => {};
  return {
    kind: "none",
    prepare: nothing,
    ensureDroplet: async ({ vpcRange, publicIp, privateIp }) => ({
      publicIp: publicIp ?? addresses.next(PUBLIC_RANGE),
      privateIp: privateIp ?? addresses.next(vpcRange),
    }),
    powerOn: nothing,
    powerOff: nothing,
    reboot: nothing,
    removeDroplet: nothing,
    ensureVolume: nothing,
    resizeVolume: nothing,
    removeVolume: nothing,
    attachVolume: nothing,
    detachVolume: nothing,
    snapshotDroplet: async () => ({ sizeGiB: SNAPSHOT_GIB }),
    removeDropletSnapshot: nothing,
    snapshotVolume: async () => ({ sizeGiB: VOLUME_SNAPSHOT_GIB }),
    removeVolumeSnapshot: nothing,
    takenRanges: async () => [],
    ensureVpc: nothing,
    removeVpc: nothing,
    setFirewall: nothing,
    assignReservedIp: async (ip) => ({ ip: ip ?? addresses.next(PUBLIC_RANGE) }),
    releaseReservedIp: nothing,
    setGpu: nothing,
    metrics: async () => null,
    reset: nothing,
    close: nothing,
  };
}

/** Gives the addresses of a range one after the other, from its beginning again at the end, those in use left out. */
class Addresses {
  readonly #store: Store;
  readonly #position = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  next(range: string): string {
    const { count, at } = hosts(range);
    for (let tries = 0; tries < count; tries++) {
      const position = this.#position.get(range) ?? 0;
      this.#position.set(range, (position + 1) % count);
      const address = at(position);
      if (!this.#used(address)) return address;
    }
    throw new Error(`no free address is left in ${range}`);
  }

  #used(address: string): boolean {
    const { droplets, reservedIps } = this.#store;
    return (
      droplets.count({ publicIp: address }) + droplets.count({ privateIp: address }) > 0 ||
      reservedIps.get(address) !== undefined
    );
  }
}
