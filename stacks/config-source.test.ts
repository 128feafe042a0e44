import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readStackFile } from "./config-source.ts";

function fileWith(text: string): string {
  const root = mkdtempSync(join(tmpdir(), "windlass-config-"));
  writeFileSync(join(root, "Pulumi.dev.yaml"), text);
  return root;
}

test("values come as the strings that Pulumi gives a program, secrets stay where they are", () => {
  const root = fileWith(
    "config:\n  digitalocean:token:\n    secure: v1:abc\n  windlass:volumeSizeGiB: 500\n  windlass:tags: [a, b]\n  windlass:snapshotOnStop: true\n",
  );
  const { values, secrets, source } = readStackFile(root, "dev");
  expect(values).toEqual({ volumeSizeGiB: "500", tags: '["a","b"]', snapshotOnStop: "true" });
  expect(secrets).toEqual(["digitalocean:token"]);
  expect(source.file).toBe("Pulumi.dev.yaml");
});

test("broken YAML is refused with its line", () => {
  expect(() => readStackFile(fileWith("config:\n  windlass:tags: [a\n  b: }\n"), "dev")).toThrow(
    /Pulumi\.dev\.yaml:\d+/,
  );
});

test("a stack without a file is wrong usage", () => {
  expect(() => readStackFile(fileWith(""), "production")).toThrow(/there is no Pulumi\.production\.yaml/);
});
