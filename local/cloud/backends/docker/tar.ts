/** A file to go into an archive; `path` relative, at most 100 bytes; `mode` 0o644 unless given. */
export interface ArchiveFile {
  path: string;
  content: string | Buffer;
  mode?: number;
}

const block = 512;

/** A ustar archive, owned by root, without times: equal files give equal bytes. Folders are made by whoever unpacks it. */
export function tar(files: ArchiveFile[]): Buffer {
  const parts = files.flatMap((file) => {
    const content = Buffer.from(file.content as string);
    return [header(file, content.length), content, Buffer.alloc((block - (content.length % block)) % block)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(file: ArchiveFile, size: number): Buffer {
  if (Buffer.byteLength(file.path) > 100) throw new Error(`path too long for an archive: ${file.path}`);
  const out = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number) =>
    out.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  out.write(file.path, 0);
  octal(file.mode ?? 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  out.write("        0", 148, "latin1");
  out.write("ustar\u000000root", 257, "latin1");
  out.write("root", 297, "latin1");
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return out;
}
