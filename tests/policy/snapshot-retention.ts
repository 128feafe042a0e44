import type { Declared } from "../engine/harness.ts";
import type { PolicyCases } from "./case.ts";
import { command, droplet, UNKNOWN_TEXT } from "./parts/machines.ts";

function volumeSnapshot(tags?: unknown[]): Declared {
  const args = { name: "case", volumeId: "506f78a4-e098-11e5-ad9f-000f53306ae1", tags };
  return { name: "snapshot", type: "digitalocean:VolumeSnapshot", args };
}

function dropletSnapshot(name: string): Declared {
  return { name: "snapshot", type: "digitalocean:DropletSnapshot", args: { name, dropletId: "3164444" } };
}

export const cases: PolicyCases = [
  {
    name: "a volume's snapshot for ever",
    bad: [volumeSnapshot()],
    good: [volumeSnapshot(["windlass-keep:30d"])],
    differs: "a tag with a duration",
  },
  {
    name: "a droplet's snapshot for ever",
    bad: [dropletSnapshot("before-upgrade")],
    good: [dropletSnapshot("before-upgrade-keep-14d")],
    differs: "a duration at the end of its name",
  },
  {
    name: "a duration that is none",
    bad: [volumeSnapshot(["windlass-keep:long"])],
    good: [volumeSnapshot(["windlass-keep:12h"])],
    differs: "a duration",
  },
  {
    name: "a snapshot for longer than allowed",
    settings: { maxDays: 90 },
    bad: [volumeSnapshot(["windlass-keep:91d"])],
    good: [volumeSnapshot(["windlass-keep:90d"])],
    differs: "90 days in place of 91",
  },
  {
    name: "a tag that is not known before the update",
    bad: [command, volumeSnapshot([UNKNOWN_TEXT])],
    good: [command, volumeSnapshot([UNKNOWN_TEXT, "windlass-keep:7d"])],
    differs: "a further tag that is known",
  },
  {
    name: "backups that do not go back far enough",
    settings: { minBackupDays: 14 },
    bad: [droplet({ backups: true, backupPolicy: { plan: "daily", hour: 4 } })],
    good: [droplet({ backups: true, backupPolicy: { plan: "weekly", hour: 4 } })],
    differs: "the plan whose backups are kept for four weeks",
  },
];
