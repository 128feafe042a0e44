import type { Volume } from "../../clients/digitalocean/index.ts";
import { stackTag } from "../../domain/tags.ts";
import type { CloudFacts } from "./cloud.ts";
import type { Finding, Subject } from "./index.ts";

const NAME = "volume";

/** The volume is reused when one of its name is there: then it must be free for us, and not larger than what is asked for. */
export function checkVolume(subject: Subject, facts: CloudFacts): Finding {
  const { volumeName, volumeId, volumeSizeGiB, gpuRegion } = subject.config;
  const there = facts.volumes.find(({ name, region }) => name === volumeName && region.slug === gpuRegion);
  if (volumeId && there?.id !== volumeId) return wrongId(subject, facts, there);
  if (!there) return missing(subject, facts);
  if (there.size_gigabytes > volumeSizeGiB) {
    return {
      name: NAME,
      state: "failed",
      text: `volume ${volumeName} has ${there.size_gigabytes} GiB, the config asks for ${volumeSizeGiB}: volumes cannot shrink`,
      fix: `set windlass:volumeSizeGiB to ${there.size_gigabytes} or more`,
    };
  }
  return attachedElsewhere(subject, facts, there) ?? reuse(subject, there);
}

function reuse({ config, resources }: Subject, there: Volume): Finding {
  const ours = resources.some(({ type, id }) => type === "digitalocean:index/volume:Volume" && id === there.id);
  const grow = config.volumeSizeGiB - there.size_gigabytes;
  const growth = grow > 0 ? `, to grow by ${grow} GiB` : "";
  return { name: NAME, state: "ok", text: `${there.name} (${there.id}) is ${ours ? "there" : "reused"}${growth}` };
}

function missing({ config, resources }: Subject, { account, volumes }: CloudFacts): Finding {
  const inState = resources.some(({ type }) => type === "digitalocean:index/volume:Volume");
  const elsewhere = volumes.find(({ name }) => name === config.volumeName)?.region.slug;
  if (elsewhere && !inState) {
    return {
      name: NAME,
      state: "failed",
      text: `volume ${config.volumeName} is in region ${elsewhere}, the node will be in ${config.gpuRegion}: a volume stays in its region`,
      fix: `set windlass:gpuRegion to ${elsewhere}, or give the new volume another name (windlass:volumeName)`,
    };
  }
  const limit = account.volume_limit ?? Number.POSITIVE_INFINITY;
  if (volumes.length >= limit) {
    const fix = "remove a volume, or ask DigitalOcean for a higher limit";
    return { name: NAME, state: "failed", text: `${volumes.length} of ${limit} volumes in use`, fix };
  }
  return { name: NAME, state: "ok", text: `${config.volumeName} will be made, ${config.volumeSizeGiB} GiB` };
}

function wrongId({ config }: Subject, { volumes }: CloudFacts, there: Volume | undefined): Finding {
  const named = volumes.find(({ id }) => id === config.volumeId);
  const text = named
    ? `volume ${config.volumeId} is called ${named.name} in ${named.region.slug}, not ${config.volumeName} in ${config.gpuRegion}`
    : `volume ${config.volumeId} does not exist`;
  const fix = there
    ? `set windlass:volumeId to ${there.id}, or remove it`
    : named
      ? `set windlass:volumeName to ${named.name} and windlass:gpuRegion to ${named.region.slug}`
      : "remove windlass:volumeId to make a new volume";
  return { name: NAME, state: "failed", text, fix };
}

/** A volume hangs on one droplet at a time; ours may hang on our own, also on one that the state does not know yet. */
function attachedElsewhere(
  { target, config, resources }: Subject,
  { droplets }: CloudFacts,
  there: Volume,
): Finding | undefined {
  const [holder] = there.droplet_ids ?? [];
  if (holder === undefined || resources.some(({ id }) => id === String(holder))) return undefined;
  const droplet = droplets.find(({ id }) => id === holder);
  if (droplet?.name === config.nodeName && droplet.tags.includes(stackTag(target.stack))) return undefined;
  return {
    name: NAME,
    state: "failed",
    text: `Volume already attached to droplet ${holder}${droplet ? ` (${droplet.name})` : ""}`,
    fix: "detach it from that droplet first, or make a new volume from a snapshot of it",
    code: "VolumeAttachFailed",
    details: { volume_id: there.id, droplet_id: holder },
  };
}
