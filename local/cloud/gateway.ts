import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { cloudflareControlRoutes } from "../cloudflare/control.ts";
import { CLOUDFLARE_PATH, mountCloudflare } from "../cloudflare/gateway.ts";
import type { CloudState } from "./cloud.ts";
import type { Contract } from "./contract.ts";
import { type ControlRoute, controlRoutes } from "./control/routes.ts";
import type { FaultRule } from "./objects.ts";
import { RateLimit } from "./rate-limit.ts";
import { RequestLog } from "./request-log.ts";
import { ApiError, type Call, notFound, type Route } from "./wire.ts";

export interface GatewayOptions {
  token: string;
  rateLimit: boolean;
  /** Undefined: requests are not kept. */
  requests: RequestLog | undefined;
  contract: Contract | undefined;
  reset(): Promise<void>;
}

const BODY_BYTES = 4 * 2 ** 20;

/** A tag has 255 characters at most, each of which may be escaped in a path. */
const PARAMETER_CHARACTERS = 3 * 255;
const CONTROL = "/_windlass";

/** HTTP: who asks, how often, what shall go wrong, and each operation of a change in one transaction. */
export class Gateway {
  readonly #cloud: CloudState;
  readonly #options: GatewayOptions;
  readonly #routes: Route[];
  readonly #app: FastifyInstance;
  readonly #limit: RateLimit;
  readonly #authorization: string;
  readonly #answers = new KnownAnswers();
  #resetting = false;

  constructor(cloud: CloudState, routes: Route[], options: GatewayOptions) {
    this.#cloud = cloud;
    this.#options = options;
    this.#routes = routes;
    this.#limit = new RateLimit(options.rateLimit);
    this.#authorization = `Bearer ${options.token}`;
    this.#app = fastify({
      logger: false,
      bodyLimit: BODY_BYTES,
      forceCloseConnections: true,
      exposeHeadRoutes: false,
      routerOptions: { maxParamLength: PARAMETER_CHARACTERS },
    });
    this.#accept();
    for (const route of routes) this.#mount(route);
    mountCloudflare(this.#app, cloud, { token: options.token, requests: options.requests });
    const version = packageVersion();
    const list = (path: string, key: string) => this.#list(path, key);
    const requests = options.requests ?? new RequestLog();
    const hooks = { version, requests, reset: () => this.reset(), list };
    for (const route of [...controlRoutes(cloud, hooks), ...cloudflareControlRoutes(cloud)]) this.#control(route);
    this.#app.setNotFoundHandler((request, reply) => this.#refuse(request, reply, notFound()));
    this.#app.setErrorHandler((error, request, reply) => this.#refuse(request, reply, error as Error));
  }

  async listen(host: string, port: number): Promise<string> {
    return this.#app.listen({ host, port });
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  /** Requests that come meanwhile are refused. */
  async reset(): Promise<void> {
    this.#resetting = true;
    try {
      await this.#options.reset();
    } finally {
      this.#resetting = false;
    }
  }

  /** JSON whatever the content type says; no body is no body. Of a key that comes twice the last one counts. */
  #accept(): void {
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser("*", { parseAs: "string" }, (_request, text, done) => {
      try {
        done(null, text === "" ? undefined : JSON.parse(text as string));
      } catch {
        done(new ApiError(400));
      }
    });
    this.#app.addHook("onRequest", (request, reply, done) => {
      const path = pathOf(request.url);
      if (path.startsWith(CONTROL)) return done();
      if (this.#resetting) return done(new ApiError(503, "the local cloud is being reset"));
      if (path.startsWith(CLOUDFLARE_PATH)) return done();
      if (request.headers.authorization !== this.#authorization) return done(new ApiError(401));
      const { limit, remaining, reset, retryAfter } = this.#limit.check(request.method, path);
      reply.headers({ "ratelimit-limit": limit, "ratelimit-remaining": remaining, "ratelimit-reset": reset });
      if (retryAfter === undefined) return done();
      done(new ApiError(429, undefined, retryAfter === null ? {} : { "retry-after": String(retryAfter) }));
    });
  }

  #mount(route: Route): void {
    const { method, path: url } = route;
    this.#app.route({
      method,
      url,
      config: { route },
      handler: (request, reply) => {
        const call = this.#call(request);
        const rules = this.#cloud.faults.forRequest(method, call.path);
        if (rules.length > 0 || route.prepare) return this.#serveLater(route, call, rules, request, reply);
        if (method !== "GET" || route.timed) return this.#send(request, reply, route.status, this.#run(route, call));
        const known = this.#answers.find(request.url, this.#cloud.store.version);
        if (known !== undefined) return this.#sendText(request, reply, route.status, known);
        this.#answers.keep(request.url, this.#send(request, reply, route.status, this.#run(route, call)));
      },
    });
  }

  async #serveLater(route: Route, call: Call, rules: FaultRule[], request: FastifyRequest, reply: FastifyReply) {
    this.#cloud.faults.save();
    for (const rule of rules) if (rule.kind === "delay") await sleep((rule.seconds ?? 0) * 1000);
    const strikes = (kind: string) => rules.find((rule) => rule.kind === kind);
    const before = strikes("status");
    if (before) throw faultError(before);
    if (strikes("drop")) return this.#cut(request, reply);
    const body = this.#run(route, call, await route.prepare?.(call));
    const after = strikes("status-after-commit");
    if (after) throw faultError(after);
    if (strikes("drop-after-commit")) return this.#cut(request, reply);
    this.#send(request, reply, route.status, body);
    return reply;
  }

  /** A change is one transaction, with the actions that it begins; they start when it is committed. */
  #run(route: Route, call: Call, prepared?: unknown): unknown {
    if (route.method === "GET") return route.handle(call, prepared);
    const { store, actions, faults, firewalls } = this.#cloud;
    let committed = false;
    try {
      const body = store.transaction(() => route.handle(call, prepared));
      committed = true;
      return body;
    } finally {
      actions.kick(committed);
      faults.save();
      if (committed) firewalls.changed();
    }
  }

  #control(route: ControlRoute): void {
    this.#app.route({
      method: route.method,
      url: CONTROL + route.path,
      handler: async (request, reply) => {
        const result = await route.handle(this.#call(request));
        reply.header("content-type", "application/json").send(JSON.stringify(result));
        return reply;
      },
    });
  }

  #call(request: FastifyRequest): Call {
    const body = request.body as Record<string, unknown> | undefined | null;
    if (body !== undefined && body !== null && (typeof body !== "object" || Array.isArray(body)))
      throw new ApiError(400);
    return {
      params: request.params as Record<string, string>,
      query: request.query as Record<string, string | undefined>,
      body: body ?? {},
      headers: request.headers,
      path: pathOf(request.url),
      origin: this.#cloud.origin,
    };
  }

  /** Answers with the text that was sent. */
  #send(request: FastifyRequest, reply: FastifyReply, status: number, body: unknown): string | undefined {
    const content = status === 204 ? undefined : body;
    if (this.#options.contract) this.#checkContract(request, status, content);
    const text = content === undefined ? undefined : JSON.stringify(content);
    this.#sendText(request, reply, status, text);
    return text;
  }

  #sendText(request: FastifyRequest, reply: FastifyReply, status: number, text: string | undefined): void {
    this.#options.requests?.add(request.method, request.url, status);
    reply.code(status).header("x-request-id", reply.getHeader("x-request-id") ?? randomUUID());
    if (text === undefined) reply.send();
    else reply.header("content-type", "application/json; charset=utf-8").send(text);
  }

  #refuse(request: FastifyRequest, reply: FastifyReply, error: Error): void {
    const known = error instanceof ApiError ? error : httpError(error);
    if (known.status === 500 && !(error instanceof ApiError)) this.#cloud.log(error.stack ?? error.message);
    const requestId = randomUUID();
    reply.headers({ ...known.headers, "x-request-id": requestId });
    const odd = known.status === 400 && request.method === "POST" && pathOf(request.url) === "/v2/tags";
    this.#send(request, reply, known.status, odd ? known.rootCauses() : known.body(requestId));
  }

  #cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    this.#options.requests?.add(request.method, request.url, 0);
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }

  #checkContract(request: FastifyRequest, status: number, body: unknown): void {
    const { route } = request.routeOptions.config as { route?: Route };
    const violation = route && this.#options.contract?.check(route, status, body);
    if (violation) this.#cloud.log(`contract: ${violation.operation} ${violation.status}: ${violation.message}`);
  }

  /** All entries of one of our own lists. */
  #list(pathAndQuery: string, key: string): unknown[] {
    const { pathname: path, searchParams } = new URL(pathAndQuery, "http://local");
    const route = this.#routes.find((r) => r.method === "GET" && r.path === path);
    const entries: unknown[] = [];
    for (let page = 1, total = 1; entries.length < total; page++) {
      const query = { ...Object.fromEntries(searchParams), page: String(page), per_page: "200" };
      const call: Call = { params: {}, query, body: {}, headers: {}, path, origin: this.#cloud.origin };
      const answer = route?.handle(call) as Record<string, unknown[]> & { meta: { total: number } };
      entries.push(...(answer[key] ?? []));
      total = answer.meta.total;
    }
    return entries;
  }
}

/** What GETs were answered since the last change of the store: most requests of a client that waits are the same one again. */
class KnownAnswers {
  readonly #texts = new Map<string, string>();
  #version = -1;

  find(url: string, version: number): string | undefined {
    if (version !== this.#version) this.#texts.clear();
    this.#version = version;
    return this.#texts.get(url);
  }

  /** Large ones, and more than a thousand of them, are not worth the memory. */
  keep(url: string, text: string | undefined): void {
    if (text !== undefined && text.length < 65_536 && this.#texts.size < 1000) this.#texts.set(url, text);
  }
}

function faultError(rule: FaultRule): ApiError {
  const headers: Record<string, string> =
    rule.retryAfter === undefined ? {} : { "retry-after": String(rule.retryAfter) };
  return new ApiError(rule.status ?? 500, rule.message, headers);
}

/** What the HTTP layer itself refuses (too large a body, ...) keeps its status; anything else is our bug. */
function httpError(error: Error & { statusCode?: number }): ApiError {
  const status = error.statusCode ?? 500;
  return status < 500 ? new ApiError(status, error.message) : new ApiError(500);
}

function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
