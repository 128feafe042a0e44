/**
 * How long DigitalOcean takes, in seconds. The cloud multiplies by its action scale.
 *
 * create: about a minute for a CPU droplet ("within a minute", product page; 32 s measured in a public doctl log of 2023-07),
 *   about three for a GPU droplet (boot of an 18 GB image; provider users report two to four minutes).
 * snapshot: 1 to 3 minutes for each used GB (docs, "How long will my backup or snapshot take"; mean of a million: 59 s/GB).
 * attach, detach: 11 s in the API description's example of a completed attach; a few seconds as a rule.
 * destroy: the droplet answers 404 within seconds; its volumes come free 3-4 s after the request (public issue threads).
 * The others are of the usual order for the event, without a published figure.
 */
const SECONDS: Record<string, number | ((about: { usedGiB?: number; gpu?: boolean }) => number)> = {
  create: ({ gpu }) => (gpu ? 180 : 60),
  destroy: 4,
  snapshot: ({ usedGiB = 1 }) => Math.max(30, 60 * usedGiB),
  restore: ({ usedGiB = 1 }) => Math.max(60, 60 * usedGiB),
  rebuild: ({ gpu }) => (gpu ? 180 : 60),
  resize: 60,
  reboot: 20,
  power_cycle: 20,
  power_on: 10,
  power_off: 5,
  shutdown: 10,
  password_reset: 20,
  rename: 2,
  enable_ipv6: 5,
  enable_backups: 2,
  disable_backups: 2,
  change_backup_policy: 2,
  attach_volume: 5,
  detach_volume: 5,
  resize_volume: 5,
  transfer: ({ usedGiB = 1 }) => Math.max(60, 60 * usedGiB),
  assign_ip: 5,
  unassign_ip: 5,
  apply_firewall: 3,
};

/** Of an action at DigitalOcean; 0 for what the cloud does on its own. */
export function durationSeconds(kind: string, about: { usedGiB?: number; gpu?: boolean }): number {
  const seconds = SECONDS[kind] ?? 0;
  return typeof seconds === "function" ? seconds(about) : seconds;
}
