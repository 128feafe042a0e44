import { randomUUID } from "node:crypto";
import type { ActionKind } from "../actions.ts";
import { timestamp } from "../clock.ts";
import type { CloudState } from "../cloud.ts";
import type { Firewall } from "../objects.ts";
import { ApiError, type Call, integers, notFound, page, type Route, text, texts, unprocessable } from "../wire.ts";
import { parseRules, sameRule } from "./rules.ts";
import { firewallsOf } from "./sync.ts";
import { firewallView } from "./view.ts";

type Change = (firewall: Firewall, cloud: CloudState, body: Record<string, unknown>) => void;

/** `/v2/firewalls`, with their droplets, tags and rules as lists that can be added to and taken from. */
export function firewallRoutes(cloud: CloudState): Route[] {
  const { store } = cloud;
  const path = "/v2/firewalls";
  const one = `${path}/:id`;
  const change = (method: "POST" | "DELETE", part: string, apply: Change): Route => ({
    method,
    path: `${one}/${part}`,
    status: 204,
    handle: (call) => {
      const firewall = existing(cloud, call);
      const before = covered(cloud, firewall);
      apply(firewall, cloud, call.body);
      save(cloud, firewall, before);
    },
  });
  return [
    {
      method: "GET",
      path,
      status: 200,
      handle: (call) => {
        const { items, envelope } = page(call, store.firewalls.count(), (range) => store.firewalls.list({}, range));
        return { firewalls: items.map(firewallView), ...envelope };
      },
    },
    { method: "POST", path, status: 202, handle: (call) => ({ firewall: firewallView(put(cloud, call, undefined)) }) },
    { method: "GET", path: one, status: 200, handle: (call) => ({ firewall: firewallView(existing(cloud, call)) }) },
    {
      method: "PUT",
      path: one,
      status: 200,
      handle: (call) => ({ firewall: firewallView(put(cloud, call, existing(cloud, call))) }),
    },
    { method: "DELETE", path: one, status: 204, handle: (call) => store.firewalls.delete(existing(cloud, call).id) },
    change("POST", "droplets", (firewall, _, body) => {
      firewall.droplets = [...new Set([...firewall.droplets, ...validDroplets(cloud, body)])];
    }),
    change("DELETE", "droplets", (firewall, _, body) => {
      const gone = integers(body, "droplet_ids");
      firewall.droplets = firewall.droplets.filter((id) => !gone.includes(id));
    }),
    change("POST", "tags", (firewall, _, body) => {
      firewall.tags = [...new Set([...firewall.tags, ...validTags(cloud, body)])];
    }),
    change("DELETE", "tags", (firewall, _, body) => {
      const gone = texts(body, "tags");
      firewall.tags = firewall.tags.filter((tag) => !gone.includes(tag));
    }),
    change("POST", "rules", (firewall, _, body) => {
      const { inbound, outbound } = parseRules(cloud, body);
      firewall.inbound.push(...inbound.filter((rule) => !firewall.inbound.some((own) => sameRule(own, rule))));
      firewall.outbound.push(...outbound.filter((rule) => !firewall.outbound.some((own) => sameRule(own, rule))));
    }),
    change("DELETE", "rules", (firewall, _, body) => {
      const { inbound, outbound } = parseRules(cloud, body);
      firewall.inbound = firewall.inbound.filter((own) => !inbound.some((rule) => sameRule(own, rule)));
      firewall.outbound = firewall.outbound.filter((own) => !outbound.some((rule) => sameRule(own, rule)));
      if (firewall.inbound.length + firewall.outbound.length === 0) throw unprocessable("must have at least one rule");
    }),
  ];
}

/** The work behind firewalls: the rules are in force, then the firewall has succeeded. */
export function firewallKinds({ store, firewalls }: CloudState): Record<string, ActionKind> {
  return {
    apply_firewall: {
      effect: () => firewalls.settle(),
      finish: ({ params }, result) => {
        const firewall = store.firewalls.get(params["id"] as string);
        if (!firewall) return;
        const failed = firewall.pending.filter((change) => (result as Map<number, Error>).has(change.droplet_id));
        store.firewalls.put({ ...firewall, status: failed.length > 0 ? "failed" : "succeeded", pending: failed });
      },
    },
  };
}

/** A new firewall, or all of an old one anew. */
function put(cloud: CloudState, { body }: Call, old: Firewall | undefined): Firewall {
  const { store, clock } = cloud;
  const name = text(body, "name");
  if (!/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/.test(name))
    throw unprocessable("name may only contain alphanumeric characters, dashes, and periods");
  const other = store.firewalls.first({ name });
  if (other && other.id !== old?.id) throw new ApiError(409, "duplicate name");
  const rules = parseRules(cloud, body);
  if (rules.inbound.length + rules.outbound.length === 0) throw unprocessable("must have at least one rule");
  const before = old ? covered(cloud, old) : [];
  const firewall: Firewall = {
    id: old?.id ?? randomUUID(),
    name,
    status: "waiting",
    createdAt: old?.createdAt ?? timestamp(clock.now()),
    ...rules,
    droplets: validDroplets(cloud, body),
    tags: validTags(cloud, body),
    pending: [],
  };
  return save(cloud, firewall, before);
}

/** Rules take a moment to be in force; until then the firewall is waiting and says for which droplets. */
function save(cloud: CloudState, firewall: Firewall, before: number[]): Firewall {
  const after = covered(cloud, firewall);
  const removed = before.filter((id) => !after.includes(id));
  firewall.pending = [
    ...after.map((id) => ({ droplet_id: id, removing: false, status: "waiting" })),
    ...removed.map((id) => ({ droplet_id: id, removing: true, status: "waiting" })),
  ];
  firewall.status = firewall.pending.length > 0 ? "waiting" : "succeeded";
  cloud.store.firewalls.put(firewall);
  cloud.actions.begin({
    kind: "apply_firewall",
    visible: false,
    keys: [`firewall:${firewall.id}`],
    params: { id: firewall.id },
  });
  return firewall;
}

function covered({ store }: CloudState, firewall: Firewall): number[] {
  if (firewall.tags.length === 0) return firewall.droplets;
  return store.droplets
    .list()
    .filter((droplet) => firewallsOf(droplet, [firewall]).length > 0)
    .map((droplet) => droplet.id);
}

function validDroplets({ store }: CloudState, body: Record<string, unknown>): number[] {
  const ids = integers(body, "droplet_ids");
  const unknown = ids.find((id) => !store.droplets.get(id));
  if (unknown !== undefined) throw unprocessable(`droplet ${unknown} does not exist`);
  return ids;
}

/** A firewall aims at tags that are there already. */
function validTags({ store }: CloudState, body: Record<string, unknown>): string[] {
  const tags = texts(body, "tags");
  const unknown = tags.find((tag) => !store.tags.get(tag));
  if (unknown !== undefined) throw unprocessable(`tag ${unknown} does not exist`);
  return tags;
}

function existing({ store }: CloudState, { params }: Call): Firewall {
  const firewall = store.firewalls.get(params["id"] as string);
  if (!firewall) throw notFound();
  return firewall;
}
