import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BackupManifest,
  backupId,
  backupsDue,
  backupTime,
  expendable,
  isVolumeBackup,
  manifestId,
  manifestKey,
  objectDigest,
  objectKey,
  parseManifest,
  restoredPath,
  unreferenced,
  volumeSnapshotName,
} from "./backup.ts";

const owner = { project: "p", stack: "s", node: "n" };
const sha = (letter: string) => letter.repeat(64);
const file = (path: string, sha256 = sha("a"), bytes = 3) => ({ path, bytes, sha256, mode: "644", modifiedAt: 1 });
const manifest = (...files: ReturnType<typeof file>[]): BackupManifest => ({
  version: 1,
  id: "20261121T070000Z",
  ...owner,
  createdAt: "2026-11-21T07:00:00.000Z",
  mountPoint: "/mnt/data",
  files,
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
});

test("a backup's name is its time, and names sort by time", () => {
  expect(backupId(Date.parse("2026-11-21T07:08:09.999Z"))).toBe("20261121T070809Z");
  const seconds = fc.integer({ min: 0, max: 4_000_000_000 });
  fc.assert(
    fc.property(seconds, seconds, (a, b) => {
      expect(backupTime(backupId(a * 1000))).toBe(a * 1000);
      expect(backupId(a * 1000) < backupId(b * 1000)).toBe(a < b);
    }),
  );
});

test("keys say which backup or content they are of, and nothing else does", () => {
  expect(manifestId(owner, manifestKey(owner, "20261121T070809Z"))).toBe("20261121T070809Z");
  expect(objectDigest(owner, objectKey(owner, sha("b")))).toBe(sha("b"));
  for (const key of [
    "p/s/n2/20261121T070809Z/manifest.json",
    "p/s/n/x/manifest.json",
    `p/s/n/objects/${sha("b")}.part`,
  ]) {
    expect(manifestId(owner, key)).toBeUndefined();
    expect(objectDigest(owner, key)).toBeUndefined();
  }
});

describe("a manifest", () => {
  test("is read as it was written", () => {
    const written = manifest(file("/mnt/data/checkpoints/1.npz"), file("/etc/x"));
    expect(parseManifest(JSON.stringify(written), "s3://b")).toEqual(written);
  });
  test.each([
    ["{", "no JSON"],
    [JSON.stringify({ ...manifest(), version: 2 }), "version"],
    [JSON.stringify({ ...manifest(file("/mnt/data/x")), bytes: 4 }), "add up to 3 bytes, not 4"],
    [JSON.stringify(manifest(file("/mnt/data/../../etc/passwd"))), "plain absolute path"],
    [JSON.stringify(manifest(file("relative"))), "files.0.path"],
    [JSON.stringify(manifest(file("/x", "zz"))), "files.0.sha256"],
  ])("that is damaged is refused: %s", (text, reason) => {
    expect(() => parseManifest(text, "s3://b")).toThrow(reason);
  });
});

test("files go below the new mount point, or below the folder asked for", () => {
  const of = manifest();
  expect(restoredPath("/mnt/data/checkpoints/1", of, { mountPoint: "/mnt/new" })).toBe("/mnt/new/checkpoints/1");
  expect(restoredPath("/etc/x", of, { mountPoint: "/mnt/new" })).toBe("/etc/x");
  expect(restoredPath("/mnt/data2/x", of, { mountPoint: "/mnt/new" })).toBe("/mnt/data2/x");
  expect(restoredPath("/mnt/data/a/b", of, { mountPoint: "/mnt/new", to: "/srv/back" })).toBe("/srv/back/a/b");
  expect(restoredPath("/etc/x", of, { mountPoint: "/mnt/new", to: "/srv/back" })).toBe("/srv/back/etc/x");
});

test("the newest backups are kept, and objects that a kept one names or that are young", () => {
  expect(expendable(["20260103T000000Z", "20260101T000000Z", "20260102T000000Z"], 2)).toEqual(["20260101T000000Z"]);
  expect(expendable(["20260101T000000Z"], 10)).toEqual([]);
  const objects = [
    { key: objectKey(owner, sha("a")), changedAt: 1, bytes: 1 },
    { key: objectKey(owner, sha("b")), changedAt: 1, bytes: 1 },
    { key: objectKey(owner, sha("c")), changedAt: 9, bytes: 1 },
    { key: manifestKey(owner, "20260101T000000Z"), changedAt: 1, bytes: 1 },
    { key: "p/s/other/objects/x", changedAt: 1, bytes: 1 },
  ];
  expect(unreferenced(owner, objects, [manifest(file("/x"))], 5)).toEqual([objects[1]]);
});

describe("the schedule", () => {
  const hour = 3_600_000;
  const schedule = { backupBucket: "b", backupEveryHours: 6, volumeSnapshotEveryHours: 24 } as const;
  test("asks for what was never done, or longer ago than its hours", () => {
    const now = 100 * hour;
    expect(backupsDue({ files: undefined, volume: undefined }, schedule, now)).toEqual(["files", "volume"]);
    expect(backupsDue({ files: now - 6 * hour, volume: now - 24 * hour + 1 }, schedule, now)).toEqual(["files"]);
    expect(backupsDue({ files: now - 6 * hour + 1, volume: now - 24 * hour }, schedule, now)).toEqual(["volume"]);
    expect(backupsDue({ files: now + 1, volume: Number.NaN }, schedule, now)).toEqual(["files", "volume"]);
  });
  test("asks for nothing where it is off, nor for files without a bucket", () => {
    const history = { files: undefined, volume: undefined };
    expect(backupsDue(history, { ...schedule, backupEveryHours: "off", volumeSnapshotEveryHours: "off" }, 0)).toEqual(
      [],
    );
    expect(backupsDue(history, { backupEveryHours: 6, volumeSnapshotEveryHours: "off" }, 0)).toEqual([]);
  });
});

test("a volume's snapshots are told from another's", () => {
  const name = volumeSnapshotName("finance-data", 0);
  expect(name).toBe("windlass-backup-finance-data-19700101t000000z");
  expect(isVolumeBackup("finance-data", name)).toBe(true);
  expect(isVolumeBackup("finance", name)).toBe(false);
  expect(isVolumeBackup("finance-data", "windlass-backup-finance-data-copy")).toBe(false);
});
