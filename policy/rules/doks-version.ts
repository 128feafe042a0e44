import { z } from "zod";
import { KUBERNETES_VERSIONS } from "../../catalog/digitalocean/kubernetes-versions.ts";
import { isUnknown } from "../../domain/cost/inputs.ts";
import { resourceRule } from "../rule.ts";

const MINOR = /^(\d+)\.(\d+)$/;

const settings = z.object({
  versions: z
    .record(z.string().regex(MINOR, "write a minor version, as 1.36"), z.iso.date())
    .default(Object.fromEntries(KUBERNETES_VERSIONS.map(({ minor, until }) => [minor, until])))
    .describe("Supported minor versions and the last day of each, ISO date; replaces the catalog's list"),
});

export const rule = resourceRule({
  id: "doks-version",
  title: "Kubernetes clusters run a version that still gets fixes",
  reason:
    "The Kubernetes project ends a minor version about 14 months after its release (kubernetes.io/releases); from then on holes in the API server stay open, and DigitalOcean upgrades the cluster by itself on a day of its own. A version that is newer than the list is taken for supported: versions end in their order.",
  fix: 'ask for a newer minor version, as getKubernetesVersions({ versionPrefix: "1.36." }) gives it, and upgrade one minor version at a time',
  severity: "high",
  types: ["kubernetesCluster"],
  settings,
  judge({ inputs: { version } }, { versions }, { now }) {
    if (isUnknown(version)) return ["version is not known before the update, and may be one without fixes"];
    if (version === "latest") return [];
    const written = typeof version === "string" ? version : "nothing";
    const minor = /^v?(\d+\.\d+)(?:\.\d+(?:-do\.\d+)?)?$/.exec(written)?.[1];
    if (minor === undefined) return [`version is ${written}, which is none of DigitalOcean's, like 1.36.0-do.0`];
    const until = versions[minor];
    if (until !== undefined) {
      return now < Date.parse(until) + 86_400_000
        ? []
        : [`version is ${written}: ${minor} got its last fixes on ${until}`];
    }
    const newest = Object.keys(versions).sort(byVersion).at(-1);
    if (newest !== undefined && byVersion(minor, newest) > 0) return [];
    return [`version is ${written}: ${minor} is not supported; these are: ${supported(versions, now).join(", ")}`];
  },
});

function supported(versions: Readonly<Record<string, string>>, now: number): string[] {
  const current = Object.keys(versions).filter((minor) => now < Date.parse(versions[minor] as string) + 86_400_000);
  return current.sort(byVersion);
}

function byVersion(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}
