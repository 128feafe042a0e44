import { randomInt } from "node:crypto";
import type { AddressInfo } from "node:net";
import ssh2, { type Connection } from "ssh2";
import { generateKeyPair } from "../../clients/ssh/key.ts";

/**
 * A process of its own that stands for many nodes: one ssh server each, with its own port and host key. It lets everybody in and answers each
 * command as `sample poll` does after a day at one reading a minute: seven of ten nodes idle, two at work on one GPU, one on eight. No shell is
 * started: that work is the nodes' own, and what it takes there (0.3 to 0.7 s, most of it nvidia-smi) is waited for. Prints {privateKey, nodes} when all listen, and ends with its standard input.
 */
const DAY = 1440;
const count = Number(process.argv[2]);
const work = [readings(1), readings(1), readings(8)];
const nodes = await Promise.all(Array.from({ length: count }, (_, index) => listen(index)));
process.stdout.write(`${JSON.stringify({ privateKey: generateKeyPair().private, nodes })}\n`);
process.stdin.on("end", () => process.exit(0)).resume();

async function listen(index: number): Promise<{ name: string; host: string; port: number; hostKey: string }> {
  const key = generateKeyPair();
  const busy = work[(index % 10) - 7];
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) =>
    serve(client, busy ? busyDay(busy) : idleDay),
  );
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", 511, ready));
  const { port } = server.address() as AddressInfo;
  return { name: `node-${index}`, host: "127.0.0.1", port, hostKey: key.public };
}

function serve(client: Connection, answer: (now: number) => string): void {
  (client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
  client.on("error", () => undefined);
  client.on("authentication", (context) =>
    context.method === "publickey" ? context.accept() : context.reject(["publickey"]),
  );
  client.on("session", (accept) => {
    accept().on("exec", (acceptExec, _reject, { command }) => {
      const channel = acceptExec();
      setTimeout(
        () => {
          channel.write(answer(Number(command.split(" ")[2])));
          channel.exit(0);
          channel.end();
        },
        randomInt(300, 700),
      );
    });
  });
}

/** A day of readings that are never the same. */
function readings(gpus: number): string[] {
  const gpu = () => `${randomInt(60, 101)},${randomInt(30_000, 80_000)}`;
  return Array.from(
    { length: DAY + 1 },
    () => `gpu=${Array.from({ length: gpus }, gpu).join(";")} ssh=0 jobs=1 loading=0`,
  );
}

const idleDay = (now: number) => `${now - DAY * 60}+60x${DAY} gpu=0,512 ssh=0 jobs=0 loading=0\nend\n`;

function busyDay(lines: readonly string[]): (now: number) => string {
  return (now) => `${lines.map((line, index) => `${now - (DAY - index) * 60} ${line}\n`).join("")}end\n`;
}
