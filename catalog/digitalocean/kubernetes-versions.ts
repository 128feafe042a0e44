/** One minor version of Kubernetes. */
export interface KubernetesVersion {
  /** As in `1.36`. */
  minor: string;
  /** Last day with fixes from the Kubernetes project, ISO date. */
  until: string;
}

/**
 * Minor versions of Kubernetes that DigitalOcean offers or has offered of late, oldest first; dates as of 2026-08. Source of the dates:
 * kubernetes.io/releases, "End of Life"; of the versions: DOKS slugs (1.33.9-do.6, 1.34.5-do.6, 1.35.1-do.6, 1.36.0-do.0) in answers of
 * `GET /v2/kubernetes/options` and in programs that users publish. What is not offered any more DigitalOcean upgrades by itself, with
 * 30 days' notice (docs.digitalocean.com/products/kubernetes/how-to/upgrade-cluster).
 */
export const KUBERNETES_VERSIONS: readonly KubernetesVersion[] = [
  { minor: "1.33", until: "2026-06-28" },
  { minor: "1.34", until: "2026-10-27" },
  { minor: "1.35", until: "2027-02-28" },
  { minor: "1.36", until: "2027-06-28" },
];
