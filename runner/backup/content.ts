import { createHash } from "node:crypto";

/** A content that is not what its digest says. */
export class OtherContent extends Error {
  override name = "OtherContent";
}

/**
 * Passes a content on, and throws `OtherContent` in place of its end where it is not what it should be: who stores it never comes to finish.
 */
export async function* verified(
  chunks: AsyncIterable<Buffer>,
  expected: { sha256: string; bytes: number },
  moved: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
    moved(chunk.length);
    yield chunk;
  }
  if (bytes !== expected.bytes) throw new OtherContent(`${bytes} bytes in place of ${expected.bytes}`);
  if (hash.digest("hex") !== expected.sha256) throw new OtherContent("its checksum is another");
}
