/** `node tools/docs/service-tables.ts` brings the tables of docs/services.md up to date with the catalog. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Service } from "../../domain/compose/model.ts";
import { type CatalogStack, listCatalog } from "../../runner/services/catalog.ts";
import { readServices } from "../../runner/services/files.ts";

const FILE = resolve(import.meta.dirname, "../../docs/services.md");
const BEGIN = "<!-- catalog: node tools/docs/service-tables.ts -->";
const END = "<!-- end of catalog -->";

/** The document as it is, and as it has to be. */
export function servicesDocument(): { is: string; should: string } {
  const is = readFileSync(FILE, "utf8");
  const [before, after] = [is.indexOf(BEGIN), is.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${FILE} must have the lines ${BEGIN} and ${END}`);
  const tables = listCatalog().map(section).join("\n\n");
  return { is, should: `${is.slice(0, before)}${BEGIN}\n${tables}\n${is.slice(after)}` };
}

function section(stack: CatalogStack): string {
  const environment = Object.fromEntries(stack.required.map((name) => [name, `$${name}`]));
  const { project } = readServices({ files: [stack.file], envFiles: [], profiles: ["*"], environment });
  const services = Object.entries(project.services);
  const limited = services.some(([, { deploy }]) => deploy?.resources?.limits);
  const head = ["service", "image", "port", "starts after", ...(limited ? ["at most", "reserved"] : [])];
  const lines = [head, head.map(() => "---"), ...services.map(([name, service]) => cells(name, service, limited))];
  const optional = Object.entries(stack.optional).map(([name, value]) => `\`${name}\` (${value})`);
  return [
    `### ${stack.name}`,
    `${sentence(stack.description)}. Must be set: ${codes(stack.required)}. May be set: ${optional.join(", ")}.${secrets(stack)}`,
    "",
    ...lines.map((line) => `| ${line.join(" | ")} |`),
  ].join("\n");
}

function cells(name: string, { image, ports, depends_on, deploy, profiles }: Service, limited: boolean): string[] {
  const { limits, reservations } = deploy?.resources ?? {};
  const gpu = reservations?.devices ? ", a GPU" : "";
  return [
    profiles ? `${name} (profile ${profiles.join(", ")})` : name,
    `\`${image}\``,
    (ports ?? []).map(({ host_ip, published }) => `${host_ip}:${published}`).join(", "),
    Object.keys(depends_on ?? {}).join(", "),
    ...(limited ? [`${limits?.cpus} CPUs, ${GiB(limits?.memory)}`, `${GiB(reservations?.memory)}${gpu}`] : []),
  ];
}

const GiB = (bytes?: string): string => `${Number(bytes) / 1024 ** 3} GiB`;
const codes = (names: string[]): string => names.map((name) => `\`${name}\``).join(", ");
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const secrets = (stack: CatalogStack): string => (stack.secrets.length > 0 ? ` Secrets: ${codes(stack.secrets)}.` : "");

if (process.argv[1] === import.meta.filename) writeFileSync(FILE, servicesDocument().should);
