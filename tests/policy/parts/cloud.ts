import { TIMERS } from "./machines.ts";

/** What programs find in the cloud and import, in the order in which it is made: ids are given one after the other. */
const DROPLETS = [
  { size: "gpu-4000adax1-20gb", on: false },
  { size: "gpu-4000adax1-20gb", on: true },
  { size: "s-1vcpu-1gb", on: false },
  { size: "s-1vcpu-1gb", on: true },
  { size: "gpu-l40sx1-48gb", on: false },
] as const;

/** The id of the first droplet of a new local cloud. */
const FIRST_ID = 512_000_001;

/** The id of the droplet of this size that is on or off. */
export function foundDroplet(size: (typeof DROPLETS)[number]["size"], on: boolean): string {
  const index = DROPLETS.findIndex((one) => one.size === size && one.on === on);
  if (index < 0) throw new Error(`no droplet of size ${size} is ${on ? "on" : "off"}`);
  return String(FIRST_ID + index);
}

/** Makes in a new cloud what the programs of the cases import. `post` asks its API. */
export async function populate(post: (path: string, body: unknown) => Promise<any>): Promise<void> {
  for (const { size, on } of DROPLETS) {
    const own = size.startsWith("gpu-") ? { image: "gpu-h100x1-base", tags: TIMERS } : { image: "debian-12-x64" };
    const body = { name: "case", region: "tor1", size, ...own, public_networking: false };
    const { droplet } = await post("/v2/droplets", body);
    if (String(droplet.id) !== foundDroplet(size, on)) throw new Error(`the cloud is not new: droplet ${droplet.id}`);
    if (!on) await post(`/v2/droplets/${droplet.id}/actions`, { type: "power_off" });
  }
}
