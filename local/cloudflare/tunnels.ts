import { randomBytes, randomUUID } from "node:crypto";
import type { CloudState } from "../cloud/cloud.ts";
import { accountId, requireAccount } from "./account.ts";
import { checkIngress } from "./ingress.ts";
import type { Connection, Tunnel } from "./objects.ts";
import { type Answer, type Call, type Operation, paged, refusal } from "./wire.ts";
import { now } from "./zones.ts";

const SECRET_BYTES = 32;

/** `/accounts/ID/cfd_tunnel`: tunnels, their rules, tokens and connections. */
export function tunnelOperations(cloud: CloudState): Operation[] {
  const { store, clock } = cloud;
  const path = "/accounts/:account/cfd_tunnel";
  const one = `${path}/:tunnel`;
  const operation = (method: Operation["method"], at: string, handle: (call: Call) => Answer): Operation => ({
    method,
    path: at,
    handle: (call) => {
      requireAccount(store, call);
      return handle(call);
    },
  });
  const live = (call: Call): Tunnel => {
    const tunnel = tunnelOf(cloud, call);
    if (tunnel.deletedAt) throw notFound();
    return tunnel;
  };
  return [
    operation("GET", path, (call) => {
      const { name, is_deleted: deleted, uuid } = call.query;
      const found = store.tunnels
        .list(name === undefined ? {} : { name })
        .filter((tunnel) => deleted === undefined || (tunnel.deletedAt !== null) === (deleted === "true"))
        .filter((tunnel) => uuid === undefined || tunnel.id === uuid);
      return paged(
        call,
        found.map((tunnel) => view(cloud, tunnel)),
        1000,
      );
    }),
    operation("POST", path, (call) => {
      const tunnel = store.tunnels.put(newTunnel(cloud, call));
      const { id: TunnelID, name: TunnelName, secret: TunnelSecret } = tunnel;
      const credentials = { AccountTag: accountId(store), TunnelID, TunnelName, TunnelSecret };
      return { result: { ...view(cloud, tunnel), credentials_file: credentials, token: tokenOf(cloud, tunnel) } };
    }),
    operation("GET", one, (call) => ({ result: view(cloud, tunnelOf(cloud, call)) })),
    operation("PATCH", one, (call) => {
      const tunnel = live(call);
      const { name, tunnel_secret: secret } = call.body;
      if (name !== undefined) tunnel.name = validName(cloud, name, tunnel.id);
      if (secret !== undefined) tunnel.secret = validSecret(secret);
      return { result: view(cloud, store.tunnels.put(tunnel)) };
    }),
    operation("DELETE", one, (call) => {
      const tunnel = live(call);
      if (tunnel.connections.length > 0 && call.query.cascade !== "true")
        throw refusal(400, 1022, "Cannot delete tunnel because it has active connections");
      const gone = { ...tunnel, connections: [], deletedAt: now(clock.now()) };
      return { result: view(cloud, store.tunnels.put(gone)) };
    }),
    operation("GET", `${one}/token`, (call) => ({ result: tokenOf(cloud, live(call)) })),
    operation("GET", `${one}/configurations`, (call) => ({ result: configurationView(cloud, live(call)) })),
    operation("PUT", `${one}/configurations`, (call) => {
      const tunnel = live(call);
      const config = (call.body.config ?? {}) as Record<string, unknown>;
      checkIngress(config);
      tunnel.configuration = { version: tunnel.configuration.version + 1, config, createdAt: now(clock.now()) };
      return { result: configurationView(cloud, store.tunnels.put(tunnel)) };
    }),
    operation("GET", `${one}/connections`, (call) => ({ result: connectors(live(call)) })),
    operation("DELETE", `${one}/connections`, (call) => {
      store.tunnels.put({ ...live(call), connections: [] });
      return { result: null };
    }),
  ];
}

function notFound() {
  return refusal(404, 1003, "Tunnel not found");
}

function tunnelOf({ store }: CloudState, { params }: Call): Tunnel {
  const tunnel = store.tunnels.get(params.tunnel ?? "");
  if (!tunnel) throw notFound();
  return tunnel;
}

function newTunnel(cloud: CloudState, { body }: Call): Tunnel {
  const at = now(cloud.clock.now());
  const { tunnel_secret: secret, config_src: source = "local" } = body;
  if (source !== "local" && source !== "cloudflare")
    throw refusal(400, 1001, "config_src must be one of local, cloudflare");
  return {
    id: randomUUID(),
    name: validName(cloud, body.name),
    secret: secret === undefined ? randomBytes(SECRET_BYTES).toString("base64") : validSecret(secret),
    configSource: source,
    createdAt: at,
    deletedAt: null,
    connections: [],
    configuration: { version: 0, config: null, createdAt: at },
  };
}

/** The names of deleted tunnels are free again. */
function validName({ store }: CloudState, name: unknown, self?: string): string {
  if (typeof name !== "string" || name === "") throw refusal(400, 1001, "tunnel name is required");
  const others = store.tunnels.list({ name }).filter(({ id, deletedAt }) => id !== self && deletedAt === null);
  if (others.length > 0) throw refusal(409, 1013, "You already have a tunnel with this name");
  return name;
}

function validSecret(secret: unknown): string {
  const text = String(secret);
  if (!/^[A-Za-z0-9+/]+=*$/.test(text) || Buffer.from(text, "base64").length < SECRET_BYTES)
    throw refusal(400, 1001, "tunnel_secret must be the base64 of at least 32 bytes");
  return text;
}

/** What a connector is started with: base64 of account, tunnel and secret. */
function tokenOf({ store }: CloudState, { id, secret }: Tunnel): string {
  return Buffer.from(JSON.stringify({ a: accountId(store), t: id, s: secret })).toString("base64");
}

function view({ store }: CloudState, tunnel: Tunnel) {
  const active = tunnel.connections.length > 0;
  return {
    id: tunnel.id,
    account_tag: accountId(store),
    created_at: tunnel.createdAt,
    deleted_at: tunnel.deletedAt,
    name: tunnel.name,
    connections: [],
    conns_active_at: active ? (tunnel.connections[0]?.openedAt ?? null) : null,
    conns_inactive_at: active ? null : tunnel.createdAt,
    tun_type: "cfd_tunnel",
    metadata: {},
    status: active ? "healthy" : "inactive",
    remote_config: tunnel.configSource === "cloudflare",
    config_src: tunnel.configSource,
  };
}

function configurationView({ store }: CloudState, { id, configuration }: Tunnel) {
  const { version, config, createdAt } = configuration;
  return { tunnel_id: id, account_id: accountId(store), version, config, source: "cloudflare", created_at: createdAt };
}

/** One entry for each connector, with its connections. */
function connectors({ connections }: Tunnel) {
  const clients = Map.groupBy(connections, ({ clientId }: Connection) => clientId);
  return [...clients].map(([id, own]) => ({
    id,
    features: [],
    version: own[0]?.clientVersion,
    arch: "linux_amd64",
    run_at: own[0]?.openedAt,
    conns: own.map((connection) => ({
      id: connection.id,
      uuid: connection.id,
      client_id: id,
      client_version: connection.clientVersion,
      colo_name: "yyz01",
      is_pending_reconnect: false,
      origin_ip: connection.originIp,
      opened_at: connection.openedAt,
    })),
  }));
}
