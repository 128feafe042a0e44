import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** A port of this machine that nobody listens on, below those that the system gives away: neither it nor the next is taken a moment later. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const free = new Promise<boolean>((tried) =>
      server.once("error", () => tried(false)).listen(port, () => tried(true)),
    );
    if (!(await free)) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
