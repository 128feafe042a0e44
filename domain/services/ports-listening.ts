import type { TakenPort } from "./ports.ts";

/** A socket of the Docker host that waits for connections or datagrams. */
export interface Listener {
  /** Of the socket: by it the process is found. */
  inode: string;
  ip: string;
  port: number;
  protocol: "tcp" | "udp";
}

/** Prints the tables of sockets, each below its name, for `listeners`. */
export const LISTENERS_SCRIPT =
  'for table in tcp tcp6 udp udp6; do echo "# $table"; cat /proc/net/$table 2> /dev/null || :; done';

/** Prints who has which socket open and what programs they run, for `owners`. Without root only one's own are seen. */
export const OWNERS_SCRIPT =
  "ls -l /proc/[0-9]*/fd 2> /dev/null | grep -e '^/proc' -e 'socket:'; ls -l /proc/[0-9]*/exe 2> /dev/null; :";

/** TCP_LISTEN, and the state of a UDP socket that is bound and not connected (Linux: include/net/tcp_states.h). */
const WAITING: Record<string, string> = { tcp: "0A", tcp6: "0A", udp: "07", udp6: "07" };

/** The listening sockets in what `LISTENERS_SCRIPT` printed (proc_net_tcp of Linux's documentation tells the columns). One of `::` is told for `0.0.0.0` too: it may take both. */
export function listeners(text: string): Listener[] {
  let table = "";
  return text.split("\n").flatMap((line) => {
    if (line.startsWith("# ")) table = line.slice(2);
    const [, local = "", , state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    const [hex = "", port = ""] = local.split(":");
    if (state !== WAITING[table] || !/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return [];
    const ip = address(hex);
    const found = { inode, ip, port: Number.parseInt(port, 16), protocol: table.slice(0, 3) as Listener["protocol"] };
    return ip === "::" ? [found, { ...found, ip: "0.0.0.0" }] : [found];
  });
}

/** Words of four bytes, each in the machine's own order: the lowest byte first. */
function address(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  const isMapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255;
  if (bytes.length === 4 || isMapped) return bytes.slice(-4).join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** The processes of sockets in what `OWNERS_SCRIPT` printed: `nginx (process 812)` by the socket's inode. */
export function owners(text: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const [, pid = "", name = ""] of text.matchAll(/ \/proc\/(\d+)\/exe -> \S*\/(\S+)/g)) names.set(pid, name);
  const found = new Map<string, string>();
  let pid = "";
  for (const line of text.split("\n")) {
    pid = /^\/proc\/(\d+)\/fd:$/.exec(line)?.[1] ?? pid;
    const inode = /socket:\[(\d+)\]$/.exec(line)?.[1];
    if (inode !== undefined && !found.has(inode)) found.set(inode, `${names.get(pid) ?? "a process"} (process ${pid})`);
  }
  return found;
}

/** Listening sockets as ports that are taken, but for those that `own` says are published by the stack's own containers. */
export function takenByProcesses(
  sockets: readonly Listener[],
  own: (socket: Listener) => boolean,
  names: ReadonlyMap<string, string>,
): TakenPort[] {
  return sockets
    .filter((socket) => !own(socket))
    .map(({ ip, port, protocol, inode }) => ({ ip, port, protocol, by: names.get(inode) ?? "a process of the host" }));
}
