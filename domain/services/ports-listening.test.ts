import { expect, test } from "vitest";
import { listeners, owners, takenByProcesses } from "./ports-listening.ts";

const TABLES = `# tcp
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 112 1 0 20 4 30 10 -1
# tcp6
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 113 1
   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 114 1
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 115 1
# udp
  330: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 116 2 ffff 0
  331: 0200000A:8000 08080808:0035 01 00000000:00000000 00:00000000 00000000   101        0 117 2 ffff 0
`;

test("sockets that wait are read from the kernel's tables, connected ones are not", () => {
  expect(listeners(TABLES).map(({ ip, port, protocol, inode }) => `${ip} ${port} ${protocol} ${inode}`)).toEqual([
    "127.0.0.1 8080 tcp 111",
    ":: 22 tcp 113",
    "0.0.0.0 22 tcp 113",
    "::1 80 tcp 114",
    "127.0.0.1 81 tcp 115",
    "127.0.0.53 53 udp 116",
  ]);
  expect(listeners("")).toEqual([]);
});

test("who has a socket is named, as far as it can be seen", () => {
  const printed = `/proc/1/fd:
lrwx------ 1 root root 64 Nov 21 10:00 3 -> socket:[999]
/proc/812/fd:
lrwx------ 1 www www 64 Nov 21 10:00 6 -> socket:[111]
lrwx------ 1 www www 64 Nov 21 10:00 7 -> socket:[113]
lrwxrwxrwx 1 root root 0 Nov 21 10:00 /proc/1/exe -> /usr/lib/systemd/systemd
lrwxrwxrwx 1 www www 0 Nov 21 10:00 /proc/812/exe -> /usr/sbin/nginx (deleted)
`;
  const names = owners(printed);
  expect(names.get("111")).toBe("nginx (process 812)");
  const taken = takenByProcesses(listeners(TABLES), ({ port }) => port === 22, names);
  expect(taken.map(({ port, by }) => [port, by])).toEqual([
    [8080, "nginx (process 812)"],
    [80, "a process of the host"],
    [81, "a process of the host"],
    [53, "a process of the host"],
  ]);
});
