import type { Account, DigitalOcean, Droplet, Image, Size, Volume } from "../../clients/digitalocean/index.ts";
import { type NodeMarkers, type NodeOwner, readMarkers } from "../../domain/node-marker.ts";
import { nearest } from "../../domain/spelling.ts";
import type { StackConfig } from "../../stacks/config.ts";
import type { Finding, Subject } from "./index.ts";

/** What the cloud says, asked once for all checks. */
export interface CloudFacts {
  account: Account;
  sizes: PricedSize[];
  /** Undefined when there is no image of that name. */
  image: Image | undefined;
  droplets: Droplet[];
  volumes: Volume[];
  /** What the cloud remembers of the node. */
  markers: NodeMarkers;
}

export type PricedSize = Size & { priceHourly: number };

/** All calls at the same time; the first that fails is the answer. */
export async function cloudFacts(cloud: DigitalOcean, config: StackConfig, owner: NodeOwner): Promise<CloudFacts> {
  const image = cloud.image(config.image).catch((error: { status?: number }) => {
    if (error.status === 404) return undefined;
    throw error;
  });
  const [account, sizes, found, droplets, volumes, tags] = await Promise.all([
    cloud.account(),
    cloud.sizes(),
    image,
    cloud.droplets(),
    cloud.volumes(),
    cloud.tags(),
  ]);
  const markers = readMarkers(
    owner,
    tags.map(({ name }) => name),
  );
  const pricedSizes = sizes.map((size) => ({ ...size, priceHourly: size.price_hourly }));
  return { account, sizes: pricedSizes, image: found, droplets, volumes, markers };
}

export function checkAccount({ account }: CloudFacts): Finding {
  const name = "cloud and token";
  if (account.status === "active") return { name, state: "ok", text: `account ${account.email} is active` };
  const text = `account ${account.email} is ${account.status}${account.status_message?.trim() ? `: ${account.status_message.trim()}` : ""}`;
  if (account.status === "warning") return { name, state: "ok", text };
  return { name, state: "failed", text, fix: "DigitalOcean's support can unlock it" };
}

/** The droplet of this stack, when it is there. */
export function ownDroplet({ resources }: Subject) {
  return resources.find(({ type, id }) => type === "digitalocean:index/droplet:Droplet" && id);
}

export function checkDropletLimit(subject: Subject, { account, droplets }: CloudFacts): Finding {
  const name = "droplet limit";
  const used = `${droplets.length} of ${account.droplet_limit} droplets in use`;
  if (ownDroplet(subject) || droplets.length < account.droplet_limit) return { name, state: "ok", text: used };
  return { name, state: "failed", text: used, fix: "remove a droplet, or ask DigitalOcean for a higher limit" };
}

/** A node that stands keeps its size even where new ones cannot be had any more. */
export function checkSize(subject: Subject, { sizes }: CloudFacts): Finding {
  const { gpuSize, gpuRegion } = subject.config;
  const name = "size and region";
  if (ownDroplet(subject)?.inputs?.size === gpuSize && ownDroplet(subject)?.inputs?.region === gpuRegion) {
    return { name, state: "ok", text: `the node stands with ${gpuSize} in ${gpuRegion}` };
  }
  const size = sizes.find(({ slug }) => slug === gpuSize);
  const failed = (text: string, fix: string): Finding => ({
    name,
    state: "failed",
    text,
    fix,
    code: "ProvisionFailed",
    details: { resource: "droplet", size: gpuSize, region: gpuRegion },
  });
  if (!size) {
    const near = nearest(
      gpuSize,
      sizes.map(({ slug }) => slug),
    );
    return failed(
      `size ${gpuSize} does not exist`,
      near ? `did you mean windlass:gpuSize ${near}?` : "see GET /v2/sizes",
    );
  }
  if (!size.available || size.regions.length === 0) {
    const gpus = sizes
      .filter((s) => s.gpu_info && s.available && s.regions.includes(gpuRegion))
      .map(({ slug }) => slug);
    return failed(
      `size ${gpuSize} is not available anywhere now`,
      gpus.length ? `${gpuRegion} has ${gpus.join(", ")}` : "try later",
    );
  }
  if (!size.regions.includes(gpuRegion)) {
    const fix = `set windlass:gpuRegion to one that has it: ${size.regions.join(", ")}`;
    return failed(`size ${gpuSize} is not available in region ${gpuRegion}`, fix);
  }
  return { name, state: "ok", text: `${gpuSize} is available in ${gpuRegion}, $${size.price_hourly} per hour` };
}

export function checkImage(subject: Subject, { image }: CloudFacts): Finding {
  const { config } = subject;
  const name = "image";
  if (ownDroplet(subject)) return { name, state: "ok", text: "the node stands" };
  const fix = "set windlass:image to an image slug or a snapshot id of the region";
  if (!image) return { name, state: "failed", text: `image ${config.image} does not exist`, fix };
  if (!image.regions.includes(config.gpuRegion)) {
    return { name, state: "failed", text: `image ${config.image} is not in region ${config.gpuRegion}`, fix };
  }
  return { name, state: "ok", text: `${config.image} is in ${config.gpuRegion}` };
}
