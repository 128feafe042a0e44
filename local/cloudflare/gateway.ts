import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { CloudState } from "../cloud/cloud.ts";
import type { FaultRule } from "../cloud/objects.ts";
import type { RequestLog } from "../cloud/request-log.ts";
import { accountOperations } from "./account.ts";
import { dnsRecordOperations } from "./dns-records.ts";
import { tunnelOperations } from "./tunnels.ts";
import { type Answer, envelope, type Failure, noRoute, type Operation, Refusal, refusal, refusedBody } from "./wire.ts";
import { zoneOperations } from "./zones.ts";

/** Where the API is, below the local cloud's address. */
export const CLOUDFLARE_PATH = "/client/v4";

/** A token of the API: 40 characters or more. */
const BEARER = /^Bearer [A-Za-z0-9_-]{40,}$/;

/** Codes of what goes wrong on Cloudflare's side. */
const FAULT_FAILURES: Record<number, Failure> = {
  429: { code: 971, message: "Please wait and consider throttling your request speed" },
};

/** Serves Cloudflare's API beside DigitalOcean's: same process, store, clock, token and faults. */
export function mountCloudflare(
  app: FastifyInstance,
  cloud: CloudState,
  { token, requests }: { token: string; requests: RequestLog | undefined },
): void {
  app.register(
    async (api) => {
      const answer = (request: FastifyRequest, reply: FastifyReply, status: number, body: unknown) => {
        requests?.add(request.method, request.url, status);
        reply.code(status).header("cf-ray", `${randomUUID().slice(0, 16)}-LOCAL`);
        reply.header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
        return reply;
      };
      const refuse = (request: FastifyRequest, reply: FastifyReply, error: Error) => {
        const known = error instanceof Refusal ? error : unexpected(cloud, error);
        return answer(request, reply.headers(known.headers), known.status, refusedBody(known.failures));
      };
      api.addHook("onRequest", async (request) => authorize(request, token));
      api.setErrorHandler((error, request, reply) => refuse(request, reply, error as Error));
      api.setNotFoundHandler((request, reply) => refuse(request, reply, noRoute(pathOf(request.url))));
      for (const operation of operations(cloud))
        api.route({
          method: operation.method,
          url: operation.path,
          handler: async (request, reply) => {
            const rules = cloud.faults.forRequest(operation.method, pathOf(request.url));
            cloud.faults.save();
            const has = (kind: string) => rules.find((rule) => rule.kind === kind);
            for (const rule of rules) if (rule.kind === "delay") await sleep((rule.seconds ?? 0) * 1000);
            throwFault(has("status"));
            if (has("drop")) return cut(request, reply, requests);
            const result = run(cloud, operation, request);
            throwFault(has("status-after-commit"));
            if (has("drop-after-commit")) return cut(request, reply, requests);
            return answer(request, reply, 200, envelope(result));
          },
        });
    },
    { prefix: CLOUDFLARE_PATH },
  );
}

function operations(cloud: CloudState): Operation[] {
  return [
    ...accountOperations(cloud.store),
    ...zoneOperations(cloud),
    ...dnsRecordOperations(cloud),
    ...tunnelOperations(cloud),
  ];
}

function run(cloud: CloudState, operation: Operation, request: FastifyRequest): Answer {
  const body = request.body ?? {};
  if (typeof body !== "object" || Array.isArray(body)) throw refusal(400, 6007, "Malformed JSON in request body");
  const call = {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string | undefined>,
    body: body as Record<string, unknown>,
  };
  if (operation.method === "GET") return operation.handle(call);
  return cloud.store.transaction(() => operation.handle(call));
}

function authorize({ headers, url }: FastifyRequest, token: string): void {
  const given = headers.authorization;
  if (given === undefined) throw refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  if (!BEARER.test(given)) {
    const chain = [{ code: 6111, message: "Invalid format for Authorization header" }];
    throw new Refusal(400, [{ code: 6003, message: "Invalid request headers", error_chain: chain }]);
  }
  if (given === `Bearer ${token}`) return;
  if (pathOf(url).endsWith("/user/tokens/verify")) throw refusal(401, 1000, "Invalid API Token");
  const ofAccount = pathOf(url).includes("/accounts/");
  throw ofAccount ? refusal(403, 10000, "Authentication error") : refusal(403, 9109, "Invalid access token");
}

function throwFault(rule: FaultRule | undefined): void {
  if (!rule) return;
  const status = rule.status ?? 500;
  const failure = FAULT_FAILURES[status] ?? { code: 10001, message: "Internal server error" };
  const headers: Record<string, string> =
    rule.retryAfter === undefined ? {} : { "retry-after": String(rule.retryAfter) };
  throw new Refusal(status, [rule.message ? { ...failure, message: rule.message } : failure], headers);
}

/** What the HTTP layer refuses keeps its status; anything else is our bug. */
function unexpected(cloud: CloudState, error: Error & { statusCode?: number; status?: number }): Refusal {
  const status = error.statusCode ?? error.status ?? 500;
  if (status >= 500) cloud.log(error.stack ?? error.message);
  return status === 400 ? refusal(400, 6007, "Malformed JSON in request body") : refusal(status, 10001, error.message);
}

function cut(request: FastifyRequest, reply: FastifyReply, requests: RequestLog | undefined): FastifyReply {
  requests?.add(request.method, request.url, 0);
  reply.hijack();
  request.raw.socket.destroy();
  return reply;
}

function pathOf(url: string): string {
  return url.split("?")[0] ?? url;
}
