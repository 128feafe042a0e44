import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { DnsRecord, Tunnel, Zone } from "../cloudflare/objects.ts";
import type {
  Action,
  Assignment,
  Destruction,
  Droplet,
  FaultRule,
  Firewall,
  Image,
  Meter,
  Project,
  ReservedIp,
  SshKey,
  Tag,
  Volume,
  VolumeSnapshot,
  Vpc,
} from "./objects.ts";

/** The shape of the tables. A store written by a newer version is refused, one of an older version is asked to be reset. */
const FORMAT = 1;

/** The tables: key type, and the fields of the document that lists filter by (each gets an index). */
const TABLES = {
  droplets: { key: "INTEGER", columns: ["name", "vpc", "gpu", "publicIp", "privateIp"] },
  actions: { key: "INTEGER", columns: ["status", "visible", "droplet", "volume", "image", "ip", "resourceType"] },
  images: { key: "INTEGER", columns: ["droplet"] },
  keys: { key: "INTEGER", columns: ["fingerprint"] },
  volumes: { key: "TEXT", columns: ["name", "region", "droplet"] },
  volumeSnapshots: { key: "TEXT", columns: ["volume"] },
  vpcs: { key: "TEXT", columns: ["name", "region"] },
  firewalls: { key: "TEXT", columns: ["name"] },
  reservedIps: { key: "TEXT", columns: ["droplet"] },
  tags: { key: "TEXT", columns: [] },
  projects: { key: "TEXT", columns: ["name"] },
  assignments: { key: "TEXT", columns: ["project"] },
  meters: { key: "INTEGER", columns: ["resource", "until"] },
  destructions: { key: "INTEGER", columns: [] },
  faults: { key: "TEXT", columns: [] },
  zones: { key: "TEXT", columns: ["name"] },
  dnsRecords: { key: "TEXT", columns: ["zone", "name"] },
  tunnels: { key: "TEXT", columns: ["name"] },
} as const;

/**
 * Everything the cloud knows, in one SQLite file. Each change of a request, with the actions it starts, is one transaction;
 * write-ahead logging with `synchronous = NORMAL` keeps every committed one through a `kill -9` at any moment
 * (only a power cut of the whole machine may take the last ones).
 */
export class Store {
  readonly droplets: Collection<Droplet>;
  readonly actions: Collection<Action>;
  /** Snapshots of droplets; DigitalOcean's own images are in the catalogue. */
  readonly images: Collection<Image>;
  readonly keys: Collection<SshKey>;
  readonly volumes: Collection<Volume>;
  readonly volumeSnapshots: Collection<VolumeSnapshot>;
  readonly vpcs: Collection<Vpc>;
  readonly firewalls: Collection<Firewall>;
  readonly reservedIps: Collection<ReservedIp>;
  readonly tags: Collection<Tag>;
  readonly projects: Collection<Project>;
  readonly assignments: Collection<Assignment>;
  readonly meters: Collection<Meter>;
  readonly destructions: Collection<Destruction>;
  readonly faults: Collection<FaultRule>;
  /** Cloudflare's. */
  readonly zones: Collection<Zone>;
  readonly dnsRecords: Collection<DnsRecord>;
  readonly tunnels: Collection<Tunnel>;
  readonly #db: DatabaseSync;
  readonly #collections: Collection<{ id: number | string }>[] = [];
  readonly #nextId: StatementSync;
  readonly #getMeta: StatementSync;
  readonly #setMeta: StatementSync;
  readonly #writes = { count: 0 };
  #depth = 0;

  /** @throws Error "database is locked" when another process has the file open. */
  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL)`);
    this.#nextId = this.#db.prepare(
      "INSERT INTO counters VALUES (?, ? + 1) ON CONFLICT (name) DO UPDATE SET next = next + 1 RETURNING next - 1 AS id",
    );
    this.#getMeta = this.#db.prepare("SELECT value FROM meta WHERE key = ?");
    this.#setMeta = this.#db.prepare(
      "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    const format = this.meta<number>("format");
    if (format !== undefined && format !== FORMAT)
      throw new Error(`${file} has format ${format}, this version reads ${FORMAT}; remove the file to start afresh`);
    this.setMeta("format", FORMAT);
    this.droplets = this.#collection("droplets");
    this.actions = this.#collection("actions");
    this.images = this.#collection("images");
    this.keys = this.#collection("keys");
    this.volumes = this.#collection("volumes");
    this.volumeSnapshots = this.#collection("volumeSnapshots");
    this.vpcs = this.#collection("vpcs");
    this.firewalls = this.#collection("firewalls");
    this.reservedIps = this.#collection("reservedIps");
    this.tags = this.#collection("tags");
    this.projects = this.#collection("projects");
    this.assignments = this.#collection("assignments");
    this.meters = this.#collection("meters");
    this.destructions = this.#collection("destructions");
    this.faults = this.#collection("faults");
    this.zones = this.#collection("zones");
    this.dnsRecords = this.#collection("dnsRecords");
    this.tunnels = this.#collection("tunnels");
  }

  /** Runs all of it or none of it. Inside another transaction it is a part of that one. */
  transaction<T>(run: () => T): T {
    if (this.#depth > 0) return run();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#depth = 1;
    try {
      const result = run();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      this.#writes.count++;
      throw error;
    } finally {
      this.#depth = 0;
    }
  }

  /** The next number of a sequence that never repeats, not even after a delete; `first` is where it starts. */
  nextId(name: string, first: number): number {
    return (this.#nextId.get(name, first) as { id: number }).id;
  }

  meta<T>(key: string): T | undefined {
    const row = this.#getMeta.get(key) as { value: string } | undefined;
    return row && (JSON.parse(row.value) as T);
  }

  /** Grows with every write: what was derived from the store holds as long as this stays the same. */
  get version(): number {
    return this.#writes.count;
  }

  setMeta(key: string, value: unknown): void {
    this.#writes.count++;
    this.#setMeta.run(key, JSON.stringify(value));
  }

  /** Forgets every object; the sequences go on, so that an id of before is never given again. */
  clear(): void {
    this.transaction(() => {
      for (const collection of this.#collections) collection.clear();
    });
  }

  close(): void {
    this.#db.close();
  }

  #collection<T extends { id: number | string }>(name: keyof typeof TABLES): Collection<T> {
    const table = TABLES[name];
    const columns = table.columns.map((c) => `, "${c}" GENERATED ALWAYS AS (doc ->> '$.${c}') VIRTUAL`).join("");
    this.#db.exec(
      `CREATE TABLE IF NOT EXISTS "${name}" (id ${table.key} PRIMARY KEY NOT NULL, doc TEXT NOT NULL${columns})`,
    );
    for (const c of table.columns)
      this.#db.exec(`CREATE INDEX IF NOT EXISTS "${name}_${c}" ON "${name}" ("${c}") WHERE "${c}" IS NOT NULL`);
    const collection = new Collection<T>(this.#db, name, this.#writes);
    this.#collections.push(collection as unknown as Collection<{ id: number | string }>);
    return collection;
  }
}

/** What to list: equality on indexed fields; `tag` looks into the document's `tags`. */
export type Where = Record<string, string | number | boolean | undefined>;

/** One table of JSON documents. */
export class Collection<T extends { id: number | string }> {
  readonly #db: DatabaseSync;
  readonly #name: string;
  readonly #writes: { count: number };
  readonly #statements = new Map<string, StatementSync>();
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, name: string, writes: { count: number }) {
    this.#db = db;
    this.#name = name;
    this.#writes = writes;
    this.#get = db.prepare(`SELECT doc FROM "${name}" WHERE id = ?`);
    this.#put = db.prepare(
      `INSERT INTO "${name}" (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`,
    );
    this.#delete = db.prepare(`DELETE FROM "${name}" WHERE id = ?`);
  }

  get(id: number | string): T | undefined {
    const row = this.#get.get(id) as { doc: string } | undefined;
    return row && (JSON.parse(row.doc) as T);
  }

  /** Adds the document or puts it in the place of the one with its id. */
  put(doc: T): T {
    this.#writes.count++;
    this.#put.run(doc.id, JSON.stringify(doc));
    return doc;
  }

  /** Changes some fields of a document that is there, and answers with the whole. */
  patch(id: number | string, change: Partial<T>): T {
    const doc = this.get(id);
    if (!doc) throw new Error(`${this.#name}: no ${id}`);
    return this.put(Object.assign(doc, change));
  }

  delete(id: number | string): void {
    this.#writes.count++;
    this.#delete.run(id);
  }

  clear(): void {
    this.#writes.count++;
    this.#db.exec(`DELETE FROM "${this.#name}"`);
  }

  /** In the order of creation, or the newest first. */
  list(where: Where = {}, page?: { limit: number; offset: number }, newestFirst = false): T[] {
    const { sql, values } = this.#where(where);
    const order = ` ORDER BY rowid${newestFirst ? " DESC" : ""}`;
    const limit = page ? ` LIMIT ${page.limit} OFFSET ${page.offset}` : "";
    const rows = this.#prepare(`SELECT doc FROM "${this.#name}"${sql}${order}${limit}`).all(...values);
    return rows.map((row) => JSON.parse((row as { doc: string }).doc) as T);
  }

  first(where: Where): T | undefined {
    return this.list(where, { limit: 1, offset: 0 })[0];
  }

  ids(where: Where): T["id"][] {
    const { sql, values } = this.#where(where);
    const rows = this.#prepare(`SELECT id FROM "${this.#name}"${sql} ORDER BY rowid`).all(...values);
    return rows.map((row) => (row as { id: T["id"] }).id);
  }

  count(where: Where = {}): number {
    const { sql, values } = this.#where(where);
    return (this.#prepare(`SELECT count(*) AS n FROM "${this.#name}"${sql}`).get(...values) as { n: number }).n;
  }

  #where(where: Where): { sql: string; values: SQLInputValue[] } {
    const terms: string[] = [];
    const values: SQLInputValue[] = [];
    for (const [field, value] of Object.entries(where)) {
      if (value === undefined) continue;
      terms.push(
        field === "tag" ? "EXISTS (SELECT 1 FROM json_each(doc, '$.tags') t WHERE t.value = ?)" : `"${field}" = ?`,
      );
      values.push(typeof value === "boolean" ? Number(value) : value);
    }
    return { sql: terms.length > 0 ? ` WHERE ${terms.join(" AND ")}` : "", values };
  }

  /** The texts are a handful for each collection, so they are never let go. */
  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
