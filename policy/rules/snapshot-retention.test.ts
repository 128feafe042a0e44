import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../domain/cost/inputs.ts";
import { declared, findings } from "../testing/stack.ts";
import { rule } from "./snapshot-retention.ts";

const ofVolume = (tags: unknown, outputs = {}) => declared("volumeSnapshot", "snap", { tags }, { outputs });
const ofDroplet = (name: unknown, outputs = {}) => declared("dropletSnapshot", "snap", { name }, { outputs });
const found = (resource: Parameters<typeof findings>[1][number], settings = {}) => findings(rule, [resource], settings);

describe("a snapshot that does not say for how long it is kept", () => {
  test.each([
    ["no tags", ofVolume(undefined), "tags does not say for how long it is kept"],
    ["another tag", ofVolume(["keep:30d"]), "tags does not say"],
    ["a tag that is not known", ofVolume([UNKNOWN]), "kept, as far as it is known before the update"],
    ["a duration that is none", ofVolume(["windlass-keep:ever"]), "tags: windlass-keep:ever is no duration"],
    ["a plain name", ofDroplet("nightly"), "name does not say"],
    ["a name that only holds the word", ofDroplet("keep-30d-nightly"), "name does not say"],
    ["a name that is not known", ofDroplet(UNKNOWN), "as far as it is known before the update"],
    ["a name without a duration", ofDroplet("nightly-keep-long"), "name: -keep-long is no duration"],
    ["more than a year", ofVolume(["windlass-keep:366d"]), "windlass-keep:366d is more than 365 days"],
  ])("%s", (_what, resource, message) => expect(found(resource)).toEqual([expect.stringContaining(message)]));
});

test("one whose time is over is told with its age", () => {
  const made = { createdAt: "2026-11-01T00:00:00Z" };
  expect(found(ofVolume(["windlass-keep:14d"], made))).toEqual([
    "snap: tags: windlass-keep:14d is over, it is 20.0 days old",
  ]);
  expect(found(ofDroplet("nightly-keep-14d", made))).toHaveLength(1);
  expect(found(ofVolume(["windlass-keep:20d"], made))).toEqual([]);
  expect(found(ofVolume(["windlass-keep:14d"], { createdAt: UNKNOWN }))).toEqual([]);
});

test("the setting says for how long at most", () => {
  expect(found(ofVolume(["windlass-keep:30d"]), { maxDays: 29 })).toHaveLength(1);
  expect(found(ofDroplet("before-upgrade-keep-48h"), { maxDays: 2 })).toEqual([]);
});

describe("backups", () => {
  const droplet = (inputs: Record<string, unknown>) => declared("droplet", "web", inputs);

  test.each([
    [{ backups: true }, 29, "web: weekly backups: kept for 28 days, less than 29"],
    [{ backups: true, backupPolicy: { plan: "daily" } }, 8, "web: daily backups: kept for 7 days, less than 8"],
    [{ backups: true, backupPolicy: { plan: UNKNOWN } }, 14, "web: backupPolicy.plan is not known before the update"],
    [{ backups: UNKNOWN, backupPolicy: UNKNOWN }, 14, "web: backupPolicy.plan is not known"],
  ])("%j must go back %i days", (inputs, minBackupDays, message) => {
    expect(found(droplet(inputs), { minBackupDays })).toEqual([expect.stringContaining(message)]);
    expect(found(droplet(inputs))).toEqual([]);
  });

  test("a droplet without any is not asked for them", () => {
    expect(found(droplet({}), { minBackupDays: 14 })).toEqual([]);
    expect(found(droplet({ backups: true }), { minBackupDays: 28 })).toEqual([]);
  });
});
