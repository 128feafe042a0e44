/**
 * `node tools/policy-package.ts [FOLDER]` writes the policy pack as a tarball, windlass-policy-VERSION.tgz, for projects outside this repository.
 * Node strips no types under node_modules, so the pack is one file of plain JavaScript there, with the price lists beside it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { rolldown } from "rolldown";

const ROOT = resolve(import.meta.dirname, "..");
/** What Pulumi's language host looks for in the pack's own node_modules. */
const OWN_DEPENDENCIES = ["@pulumi/policy", "@pulumi/pulumi"];
/** What the code of the catalog reads beside itself. */
const DATA = ["prices.yaml", "sizes.yaml"];

interface PackageJson {
  name: string;
  version: string;
  description: string;
  license: string;
  dependencies: Record<string, string>;
}

/** Writes the tarball into a folder and answers with its path. */
export async function packPolicies(folder: string): Promise<string> {
  const source = JSON.parse(readFileSync(join(ROOT, "policy/package.json"), "utf8")) as PackageJson;
  const work = mkdtempSync(join(tmpdir(), "windlass-policy-package-"));
  try {
    const pack = join(work, "package");
    await bundle(join(pack, "index.js"));
    writeFileSync(join(pack, "package.json"), `${JSON.stringify(description(source), undefined, 2)}\n`);
    cpSync(join(ROOT, "policy/PulumiPolicy.yaml"), join(pack, "PulumiPolicy.yaml"));
    for (const file of DATA) cpSync(join(ROOT, "catalog/digitalocean", file), join(pack, file));
    cpSync(join(ROOT, "docs/policies.md"), join(pack, "README.md"));
    writeFileSync(join(pack, "THIRD-PARTY-LICENSES"), licenses(source));
    mkdirSync(folder, { recursive: true });
    const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
    const options = ["--pack-destination", resolve(folder), "--loglevel", "error"];
    const name = execFileSync("npm", ["pack", pack, ...options], { encoding: "utf8", env: { ...process.env, PATH } });
    return join(resolve(folder), name.trim());
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** CommonJS, because Pulumi's own language host loads packs with `require`. */
async function bundle(file: string): Promise<void> {
  const build = await rolldown({
    input: join(ROOT, "policy/index.ts"),
    platform: "node",
    external: OWN_DEPENDENCIES,
    transform: { define: { "import.meta.dirname": "__dirname" } },
  });
  await build.write({ file, format: "cjs" });
  await build.close();
}

/** The licenses of what is in the one file beside the pack's own code. */
function licenses({ dependencies }: PackageJson): string {
  const bundled = Object.keys(dependencies).filter((name) => !OWN_DEPENDENCIES.includes(name));
  const texts = bundled.map((name) => {
    const [file] = globSync(join(ROOT, "node_modules", name, "LICENSE*"));
    if (!file) throw new Error(`${name} has no license file`);
    return `${name} ${dependencies[name]}\n\n${readFileSync(file, "utf8").trim()}\n`;
  });
  return texts.join("\n----\n\n");
}

function description({ version, description: text, license, dependencies }: PackageJson): object {
  const own = Object.entries(dependencies).filter(([name]) => OWN_DEPENDENCIES.includes(name));
  return {
    name: "windlass-policy",
    version,
    description: text,
    license,
    main: "index.js",
    engines: { node: ">=22" },
    dependencies: Object.fromEntries(own),
  };
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(`${await packPolicies(process.argv[2] ?? ".")}\n`);
}
