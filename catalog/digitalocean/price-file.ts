import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import type { SizePrice } from "../../domain/cost/node-price.ts";
import { ITEM_NAMES, type ItemName, type Price, type PriceList } from "../../domain/cost/price-list.ts";
import type { UsageFile } from "../../domain/cost/usage.ts";
import { UserError } from "../../domain/errors.ts";
import { nearest } from "../../domain/spelling.ts";

/** A YAML file whose mistakes are told with file and line, all at once. */
class Reader {
  readonly root: YAMLMap;
  private readonly path: string;
  private readonly lines = new LineCounter();
  private readonly problems: string[] = [];

  constructor(path: string, kind: string) {
    this.path = path;
    const document = parseDocument(textOf(path, kind), { lineCounter: this.lines, prettyErrors: true });
    for (const error of document.errors) this.problem(error.linePos?.[0].line, error.message.split("\n")[0] as string);
    this.root = this.map(document.contents, kind) as YAMLMap;
    if (!isMap(document.contents)) this.finish();
  }

  line(node: unknown): number | undefined {
    const range = (node as Node | null)?.range;
    return range ? this.lines.linePos(range[0]).line : undefined;
  }

  problem(line: number | undefined, text: string): void {
    this.problems.push(`${this.path}${line ? `:${line}` : ""}: ${text}`);
  }

  map(node: unknown, name: string): YAMLMap | undefined {
    if (isMap(node)) return node;
    this.problem(this.line(node), `${name} must be a list of keys with values`);
    return undefined;
  }

  /** Keys with their values and lines. */
  entries(node: unknown, name: string): { key: string; value: unknown; line: number | undefined }[] {
    const pairs = this.map(node, name)?.items ?? [];
    return pairs.map(({ key, value }) => ({ key: String(key), value, line: this.line(key) }));
  }

  /** A plain number that is 0 or more: `$12` and `12 USD` are texts, which nobody may guess about. */
  number(node: unknown, name: string, line = this.line(node)): number {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
    if (value === undefined || value === null) this.problem(line, `${name} is missing`);
    else if (typeof value === "number") this.problem(line, `${name} is ${value}; it must be 0 or more`);
    else
      this.problem(
        line,
        `${name} is ${JSON.stringify(value)}; write a plain number of US dollars or units, without currency marks`,
      );
    return 0;
  }

  text(node: unknown, name: string, line: number | undefined): string {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "string" && value.trim() !== "") return value;
    this.problem(line, `${name} is missing`);
    return "";
  }

  date(node: unknown, name: string, line: number | undefined): string {
    const value = this.text(node, name, line);
    if (value !== "" && !(/^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)))) {
      this.problem(line, `${name} is "${value}"; write a date as in "2026-05-28"`);
    }
    return value;
  }

  finish(): void {
    const [first, ...also] = this.problems;
    if (!first) return;
    throw new UserError(
      "ConfigInvalid",
      { reason: first, suggestion: "mend the file there", file: this.path, also },
      { exitCode: 2 },
    );
  }
}

function textOf(path: string, kind: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is none" : (cause as Error).message;
    throw new UserError(
      "UsageError",
      { reason: `${kind} ${path} cannot be read: ${why}`, file: path },
      { exitCode: 2, cause },
    );
  }
}

/** Reads prices of everything beside droplets. Throws `ConfigInvalid` with file and line for each price that is missing or no price. */
export function readPriceFile(path: string): Pick<PriceList, "items" | "tables"> {
  const reader = new Reader(path, "price file");
  const items: Partial<Record<ItemName, Price>> = {};
  for (const { key, value, line } of reader.entries(reader.root.get("items", true), "items")) {
    if (!ITEM_NAMES.includes(key as ItemName)) {
      const near = nearest(key, ITEM_NAMES);
      reader.problem(line, `items.${key} is not a price that is asked for${near ? `; did you mean ${near}?` : ""}`);
      continue;
    }
    const map = reader.map(value, `items.${key}`);
    if (map)
      items[key as ItemName] = {
        usd: reader.number(map.get("usd", true), `items.${key}.usd`, line),
        ...about(reader, map, `items.${key}`, line),
      };
  }
  for (const name of ITEM_NAMES) if (!items[name]) reader.problem(undefined, `items.${name} is missing`);
  const tables = new Map<string, Map<string, Price>>();
  for (const { key, value, line } of reader.entries(reader.root.get("tables", true), "tables")) {
    const map = reader.map(value, `tables.${key}`);
    if (!map) continue;
    const common = about(reader, map, `tables.${key}`, line);
    const rows = reader.entries(map.get("usd", true), `tables.${key}.usd`);
    tables.set(
      key,
      new Map(
        rows.map((row) => [
          row.key,
          { usd: reader.number(row.value, `tables.${key}.usd.${row.key}`, row.line), ...common },
        ]),
      ),
    );
  }
  reader.finish();
  return { items: items as Record<ItemName, Price>, tables };
}

function about(reader: Reader, map: YAMLMap, name: string, line: number | undefined): Omit<Price, "usd"> {
  const included = map.get("included", true);
  return {
    per: reader.text(map.get("per", true), `${name}.per`, line),
    asOf: reader.date(map.get("as_of", true), `${name}.as_of`, line),
    source: reader.text(map.get("source", true), `${name}.source`, line),
    ...(included === undefined ? {} : { included: reader.number(included, `${name}.included`, line) }),
  };
}

/** Reads a usage file: `resources` by name or pattern, `types` by the word of the type, `outbound_gib` of the whole stack. */
export function readUsageFile(path: string): UsageFile & { outboundGiB?: number } {
  const reader = new Reader(path, "usage file");
  const quantities = (node: unknown, name: string) =>
    Object.fromEntries(
      reader.entries(node, name).map(({ key, value, line }) => [key, reader.number(value, `${name}.${key}`, line)]),
    );
  const file: {
    types: Record<string, Record<string, number>>;
    resources: Record<string, Record<string, number>>;
    outboundGiB?: number;
  } = {
    types: {},
    resources: {},
  };
  for (const { key, value, line } of reader.entries(reader.root, "usage file")) {
    if (key === "resources" || key === "types") {
      for (const entry of reader.entries(value, key))
        file[key][entry.key] = quantities(entry.value, `${key}.${entry.key}`);
    } else if (key === "outbound_gib") file.outboundGiB = reader.number(value, key, line);
    else if (key !== "version") reader.problem(line, `${key} is not known; write resources, types or outbound_gib`);
  }
  reader.finish();
  return file;
}

/** Reads `catalog/digitalocean/sizes.yaml`: the table of sizes where nobody has asked the API. */
export function readSizeFile(path: string): SizePrice[] {
  const reader = new Reader(path, "table of sizes");
  const { cpu, gpu } = reader.root.toJSON() as SizesFile;
  const sizes: SizePrice[] = [];
  for (const { sizes: rows } of cpu.families) {
    for (const [slug, { price_monthly: priceMonthly, transfer }] of Object.entries(rows)) {
      const priceHourly = Math.round((priceMonthly / 672) * 1e5) / 1e5;
      sizes.push({ slug, priceHourly, priceMonthly, transferTb: transfer, asOf: cpu.as_of });
    }
  }
  for (const [slug, { price, shape }] of Object.entries(gpu.sizes)) {
    sizes.push({ slug, priceHourly: price.hourly, transferTb: shape.transfer, asOf: price.as_of });
  }
  return sizes;
}

interface SizesFile {
  cpu: { as_of: string; families: { sizes: Record<string, { price_monthly: number; transfer: number }> }[] };
  gpu: { sizes: Record<string, { price: { hourly: number; as_of: string }; shape: { transfer: number } }> };
}
