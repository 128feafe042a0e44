import { randomBytes } from "node:crypto";
import type { Store } from "../cloud/store.ts";
import { type Call, type Operation, paged, refusal } from "./wire.ts";

const NAME = "Local account";

/** The one account of a local cloud; its id stays with the folder, through a reset too. */
export function accountId(store: Store): string {
  const known = store.meta<string>("cloudflareAccount");
  if (known) return known;
  const id = hexId();
  store.setMeta("cloudflareAccount", id);
  return id;
}

/** An id as Cloudflare's zones, records and accounts have it. */
export function hexId(): string {
  return randomBytes(16).toString("hex");
}

export function accountSummary(store: Store): { id: string; name: string } {
  return { id: accountId(store), name: NAME };
}

/** The account that a path names must be the one of the token. */
export function requireAccount(store: Store, { params }: Call): void {
  if (params.account !== accountId(store)) throw refusal(403, 10000, "Authentication error");
}

export function accountOperations(store: Store): Operation[] {
  return [
    {
      method: "GET",
      path: "/accounts",
      handle: (call) => paged(call, [{ ...accountSummary(store), type: "standard" }], 50),
    },
    {
      method: "GET",
      path: "/user/tokens/verify",
      handle: () => ({ result: { id: accountId(store), status: "active" } }),
    },
  ];
}
