import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../../domain/errors.ts";
import type { HealthLook } from "./look.ts";

export interface HealthServer {
  /** `http://127.0.0.1:9105` */
  url: string;
  close(): Promise<void>;
}

/** Where the endpoint is asked for. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** Reads `9105` or `0.0.0.0:9105`; without a host it is this machine only. Throws `UsageError`. */
export function listenAddress(text: string): ListenAddress {
  const [, host, port] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (port !== undefined && Number(port) <= 65_535) return { host: host || "127.0.0.1", port: Number(port) };
  const reason = `--listen ${text} is no address`;
  throw new UserError(
    "UsageError",
    { reason, suggestion: "write a port, or HOST:PORT such as 0.0.0.0:9105" },
    { exitCode: 2 },
  );
}

/**
 * Serves `metrics` at `/metrics`, and the last look at `/health` as JSON, with status 503 where something is unhealthy. Throws `UsageError` where the port cannot be opened.
 */
export async function serveHealth(
  at: ListenAddress,
  { last, metrics }: { last: () => HealthLook | undefined; metrics: () => Promise<string> },
): Promise<HealthServer> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const look = last();
    if (request.method !== "GET" && request.method !== "HEAD") response.writeHead(405, { allow: "GET, HEAD" }).end();
    else if (pathname === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(await metrics());
    } else if (pathname === "/health") {
      const well = look?.results.every(({ status }) => status !== "unhealthy") ?? false;
      const headers = { "content-type": "application/json" };
      response.writeHead(well ? 200 : 503, headers).end(`${JSON.stringify(look ?? { results: [] })}\n`);
    } else response.writeHead(404).end();
  });
  await open(server, at);
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function open(server: Server, { host, port }: ListenAddress): Promise<void> {
  await new Promise<void>((ready, fail) => {
    server.once("error", fail).listen(port, host, () => ready());
  }).catch((cause: Error) => {
    const reason = `${host}:${port} cannot be listened on: ${cause.message}`;
    throw new UserError(
      "UsageError",
      { reason, suggestion: "name another address with --listen" },
      { exitCode: 2, cause },
    );
  });
}
