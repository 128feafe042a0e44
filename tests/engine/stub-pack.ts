import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Rule } from "../../policy/rule.ts";
import type { Pack } from "../../runner/gate/pack.ts";

/** A policy pack of two rules, `no-big` of droplets and `few` of the stack, whose code a test may change. */
export interface StubPack {
  pack: Pack & { rules: readonly Rule[] };
  /** Its code. */
  text: string;
  code(text: string): void;
  remove(): void;
}

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

const CODE = `
import { readFileSync } from "node:fs";
import { PolicyPack } from "@pulumi/policy";

process.chdir(import.meta.dirname);
const isDroplet = ({ type }) => type.endsWith(":Droplet");
const configSchema = { properties: { max: { type: "number" }, pricesFile: { type: "string" } } };
new PolicyPack("stub", {
  policies: [
    {
      name: "no-big",
      description: "no big droplets",
      enforcementLevel: "mandatory",
      severity: "high",
      configSchema,
      validateResource: (args, report) => {
        if (!isDroplet(args)) return;
        // more
        if (args.props.size === "s-8vcpu-16gb") report("s-8vcpu-16gb is big");
      },
    },
    {
      name: "few",
      description: "few droplets",
      enforcementLevel: "mandatory",
      severity: "high",
      configSchema,
      validateStack: (args, report) => {
        const { length } = args.resources.filter(isDroplet);
        const { max = 9 } = args.getConfig();
        if (length > max) report(length + " droplets, more than " + max);
      },
    },
  ],
});
`;

export function stubPack({ rules }: { rules: readonly Rule[] }): StubPack {
  const folder = mkdtempSync(join(tmpdir(), "windlass-stub-pack-"));
  symlinkSync(MODULES, join(folder, "node_modules"));
  writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "stub", version: "0.1.0", type: "module", main: "index.js" }),
  );
  const code = (text: string) => writeFileSync(join(folder, "index.js"), text);
  code(CODE);
  return {
    pack: { name: "stub", folder, rules },
    text: CODE,
    code,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
