import { readFileSync } from "node:fs";
import type { Value } from "../../engine/values.ts";
import { type Entry, tar } from "../tar.ts";

interface Upload {
  file: string;
  content?: string;
  contentBase64?: string;
  source?: string;
  executable?: boolean;
  permissions?: string;
  owner?: string;
  group?: string;
}

/** What is wrong with the files to be put into a container. */
export function uploadFailures(uploads: Value | undefined): { property: string; reason: string }[] {
  return ((uploads ?? []) as unknown as Upload[]).flatMap((upload, index) => {
    const property = `uploads[${index}]`;
    const sources = (["content", "contentBase64", "source"] as const).filter((name) => upload[name] !== undefined);
    if (sources.length !== 1) {
      return { property, reason: `expected exactly one of content, contentBase64 and source, got ${sources.length}` };
    }
    const named = [upload.owner, upload.group].find((one) => one !== undefined && !/^\d+$/.test(one));
    return named === undefined ? [] : { property, reason: `expected owner and group as numbers, got "${named}"` };
  });
}

/** The archive to unpack at `/`. @throws Error when a source cannot be read */
export function uploadArchive(uploads: Value): Buffer {
  return tar((uploads as unknown as Upload[]).map(entry));
}

function entry(upload: Upload): Entry {
  const mode = upload.permissions ? Number.parseInt(upload.permissions, 8) : upload.executable ? 0o744 : 0o644;
  return {
    path: upload.file.replace(/^\/+/, ""),
    kind: "file",
    content: contentOf(upload),
    mode,
    owner: Number(upload.owner ?? 0),
    group: Number(upload.group ?? 0),
  };
}

function contentOf({ content, contentBase64, source }: Upload): Buffer {
  if (content !== undefined) return Buffer.from(content);
  if (contentBase64 !== undefined) return Buffer.from(contentBase64, "base64");
  try {
    return readFileSync(source as string);
  } catch (error) {
    throw new Error(`uploads: source ${source} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
