const BLOCK = 512;

/** Something to go into an archive; `path` relative, with `/`. */
export interface Entry {
  path: string;
  kind: "file" | "folder" | "link";
  /** Of a file. */
  content?: Buffer;
  /** Of a link: where it leads. */
  target?: string;
  mode?: number;
  owner?: number;
  group?: number;
}

const KINDS = { file: "0", folder: "5", link: "2" } as const;

/** The bytes of one entry: equal entries give equal bytes, for there are no times in it. */
export function tarEntry(entry: Entry): Buffer {
  const content = entry.content ?? Buffer.alloc(0);
  return Buffer.concat([longNames(entry), header(entry, content.length), content, padding(content.length)]);
}

/** What follows the last entry. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** A whole archive. */
export function tar(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), TAR_END]);
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** Names that do not fit the header go before it, as pax records. */
function longNames({ path, target = "" }: Entry): Buffer {
  const records = [record("path", path), record("linkpath", target)].join("");
  if (!records) return Buffer.alloc(0);
  const content = Buffer.from(records);
  return Buffer.concat([header({ path: "pax", kind: "file" }, content.length, "x"), content, padding(content.length)]);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function record(key: string, value: string): string {
  if (Buffer.byteLength(value) <= 100) return "";
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  const digits = String(size + String(size).length).length;
  return `${size + digits}${rest}`;
}

function header({ path, kind, target = "", mode, owner = 0, group = 0 }: Entry, size: number, type?: string): Buffer {
  const out = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number) =>
    out.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  out.write(Buffer.from(path).subarray(0, 100).toString("latin1"), 0, "latin1");
  octal(mode ?? (kind === "file" ? 0o644 : 0o755), 100, 8);
  octal(owner, 108, 8);
  octal(group, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  out.write(`        ${type ?? KINDS[kind]}`, 148, "latin1");
  out.write(Buffer.from(target).subarray(0, 100).toString("latin1"), 157, "latin1");
  out.write("ustar\u000000", 257, "latin1");
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return out;
}
