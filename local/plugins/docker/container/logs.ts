import type { Container } from "dockerode";

/** Lines of a container's output that go into an error. */
const TAIL = 20;

/** The last lines that a container has written, or nothing where the engine does not have them. @param tty whether it has a terminal */
export async function lastLines(container: Container, tty: boolean): Promise<string> {
  const bytes = await container.logs({ stdout: true, stderr: true, tail: TAIL }).catch(() => Buffer.alloc(0));
  return plainText(bytes, tty).trimEnd();
}

/** All that a container has written. */
export async function allLines(container: Container, tty: boolean): Promise<string> {
  return plainText(await container.logs({ stdout: true, stderr: true }), tty);
}

/** The engine puts 8 bytes before each piece: the stream's number, three zeros, and the length. */
export function plainText(bytes: Buffer, tty: boolean): string {
  if (tty) return bytes.toString();
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, at + 8 + size));
    at += 8 + size;
  }
  return Buffer.concat(parts).toString();
}
