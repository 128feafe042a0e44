import { existsSync } from "node:fs";
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import type Docker from "dockerode";
import type { TakenRange } from "../../backend.ts";
import { overlap, parseRange, type Range, toAddress } from "./addresses.ts";
import { onceFree, unless } from "./engine.ts";
import { label, type Names } from "./names.ts";
import { Turns } from "./turns.ts";

/** Public addresses come from one /24 of this range (RFC 2544, benchmarks): nobody's real address. */
const publicPool = parseRange("198.18.0.0/15");

interface Existing {
  name: string;
  cidr: string;
  range: Range;
  /** The local cloud that a network belongs to. */
  cloud?: string;
}

/** The networks of one cloud: a public one, and one for each VPC. */
export class Networks {
  readonly #docker: Docker;
  readonly #names: Names;
  readonly #turns = new Turns();

  constructor(docker: Docker, names: Names) {
    this.#docker = docker;
    this.#names = names;
  }

  /** Makes the public network on the first free /24 and answers with its range, always the same one. */
  ensurePublic(): Promise<Range> {
    return this.#turns.take("networks", () => this.#ensurePublic());
  }

  /** @throws Error that names the network in the way where the range is taken. */
  ensureVpc(id: string, cidr: string): Promise<Range> {
    return this.#turns.take("networks", () => this.#ensureVpc(id, cidr));
  }

  /** What the engine's other networks and this machine's own addresses use. */
  async foreign(): Promise<TakenRange[]> {
    const networks = await this.#existing();
    const own = networks.filter(({ cloud }) => cloud === this.#names.cloud);
    // The host stands in our own networks too.
    const others = hostAddresses().filter(({ range }) => !own.some((network) => overlap(network.range, range)));
    return [...networks.filter((network) => !own.includes(network)), ...others].map(({ name, cidr }) => ({
      range: cidr,
      by: name,
    }));
  }

  async removeVpc(id: string): Promise<void> {
    await unless([404], this.#docker.getNetwork(this.#names.vpcNetwork(id)).remove());
  }

  async #ensurePublic(): Promise<Range> {
    for (let next = publicPool.first; next < publicPool.last; next += 256) {
      const there = await this.#rangeOf(this.#names.publicNetwork);
      if (there) return there;
      const range = { first: next, last: next + 255 };
      const taken = [...(await this.#existing()), ...hostAddresses()];
      if (taken.some((other) => overlap(other.range, range))) continue;
      // Another cloud may take the same range at this moment: the engine refuses one of the two.
      await unless([400, 403, 409, 500], this.#create(this.#names.publicNetwork, `${toAddress(next)}/24`, false));
    }
    throw new Error(
      "no free /24 in 198.18.0.0/15 for the cloud's public network: windlass local prune removes those of clouds whose folder is gone",
    );
  }

  async #ensureVpc(id: string, cidr: string): Promise<Range> {
    const name = this.#names.vpcNetwork(id);
    const range = parseRange(cidr);
    // Taken: by a create that a kill left under way, whose network is there a moment later.
    return onceFree(async () => {
      const there = await this.#rangeOf(name);
      if (there) return there;
      const taken = [...(await this.#existing()), ...hostAddresses()];
      const other = taken.find((existing) => overlap(existing.range, range));
      if (other) throw new Error(`VPC range ${cidr} overlaps with ${other.name}: choose another range`);
      await this.#create(name, cidr, true);
      return range;
    }, [403, 409]);
  }

  async #create(name: string, cidr: string, internal: boolean): Promise<void> {
    await this.#docker.createNetwork({
      Name: name,
      Driver: "bridge",
      CheckDuplicate: true,
      Internal: internal,
      IPAM: { Driver: "default", Config: [{ Subnet: cidr, Gateway: toAddress(parseRange(cidr).first + 1) }] },
      Labels: this.#names.labels,
    });
  }

  async #rangeOf(name: string): Promise<Range | undefined> {
    const network = await unless([404], this.#docker.getNetwork(name).inspect());
    const subnet = (network as Docker.NetworkInspectInfo | undefined)?.IPAM?.Config?.[0]?.Subnet;
    return subnet ? parseRange(subnet) : undefined;
  }

  async #existing(): Promise<Existing[]> {
    const networks = await this.#docker.listNetworks();
    return networks.flatMap((network) =>
      (network.IPAM?.Config ?? [])
        .filter((config) => isIPv4(config.Subnet?.split("/")[0] ?? ""))
        .map((config) => ({
          name: `the Docker network ${network.Name} (${config.Subnet}${holder(network.Labels?.[label.folder])})`,
          cidr: config.Subnet ?? "",
          range: parseRange(config.Subnet ?? ""),
          cloud: network.Labels?.[label.cloud],
        })),
    );
  }
}

/** Whose a local cloud's network is, and how to be rid of it. */
function holder(folder: string | undefined): string {
  if (folder === undefined) return "";
  if (existsSync(folder)) return ` of the local cloud in ${folder}`;
  return `, left by a local cloud whose folder ${folder} is gone: windlass local prune removes it`;
}

/** This machine's own addresses; its networks may overlap: a VPC inside a wide private network is common and works. */
function hostAddresses(): Existing[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family }) => family === "IPv4")
      .map(({ address }) => ({
        name: `this machine's address ${address} (${name})`,
        cidr: `${address}/32`,
        range: parseRange(address),
      })),
  );
}

/** The address by which the host stands in a network made here. */
export function gatewayOf(range: Range): string {
  return toAddress(range.first + 1);
}
