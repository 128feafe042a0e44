import protobuf from "google-protobuf";

/** Field numbers of BuildKit's control API (api/services/control/control.proto): StatusResponse.logs, VertexLog.msg. */
const LOGS = 3;
const MESSAGE = 4;

/**
 * What the steps of a build have written, from one `moby.buildkit.trace` event.
 * @param trace a StatusResponse in base64
 */
export function traceLines(trace: string): string[] {
  const reader = new protobuf.BinaryReader(new Uint8Array(Buffer.from(trace, "base64")));
  const lines: string[] = [];
  while (reader.nextField() && !reader.isEndGroup()) {
    if (reader.getFieldNumber() === LOGS) lines.push(...messages(reader.readBytes()));
    else reader.skipField();
  }
  return lines;
}

function messages(log: unknown): string[] {
  const reader = new protobuf.BinaryReader(log as Uint8Array);
  const found: string[] = [];
  while (reader.nextField() && !reader.isEndGroup()) {
    if (reader.getFieldNumber() === MESSAGE) found.push(Buffer.from(reader.readBytes() as Uint8Array).toString());
    else reader.skipField();
  }
  return found;
}
