import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tar } from "./tar.ts";

test("an archive is what tar makes the same files of", () => {
  const folder = mkdtempSync(join(tmpdir(), "windlass-tar-"));
  try {
    const archive = tar([
      { path: "etc/empty", content: "" },
      { path: "usr/bin/tool", content: Buffer.alloc(513, "x"), mode: 0o755 },
    ]);
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
    expect(readFileSync(join(folder, "etc/empty"), "utf8")).toBe("");
    expect(readFileSync(join(folder, "usr/bin/tool"), "utf8")).toBe("x".repeat(513));
    expect(statSync(join(folder, "usr/bin/tool")).mode & 0o777).toBe(0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a path that the format cannot hold is refused", () => {
  expect(() => tar([{ path: "a".repeat(101), content: "" }])).toThrow("too long");
});
