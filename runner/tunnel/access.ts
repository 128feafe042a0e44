import {
  CLOUDFLARE_URL,
  CloudflareApiError,
  type CloudflareClient,
  createCloudflareClient,
} from "../../clients/cloudflare/index.ts";
import { UserError } from "../../domain/errors.ts";
import { windlassHome } from "../own-root.ts";
import type { OperationOptions } from "../progress.ts";
import { inherited } from "../target.ts";
import type { TunnelCloud } from "./project.ts";

export interface TunnelOptions extends OperationOptions {
  /** A file in the form of cloudflared's config.yml, or a name: of the catalog, or of a tunnel that was made here. */
  tunnel: string;
  /** @default cloudflare */
  cloud?: TunnelCloud;
  /** The `.windlass` folder. */
  home?: string;
}

/** Cloudflare's API, and who asks. */
export interface Access {
  cloud: TunnelCloud;
  home: string;
  endpoint: string;
  token: string;
  client: CloudflareClient;
}

/** Throws `UserError` `PrecheckFailed` where there is no token. */
export async function access({ cloud = "cloudflare", home, signal, onEvent }: TunnelOptions): Promise<Access> {
  const folder = windlassHome(home);
  const api = cloud === "local" ? await local(folder, { signal, onEvent }) : account();
  const client = createCloudflareClient({ token: api.token, url: api.endpoint, ...(signal ? { signal } : {}) });
  return { cloud, home: folder, ...api, client };
}

async function local(
  home: string,
  { signal, onEvent }: OperationOptions,
): Promise<{ endpoint: string; token: string }> {
  const { localCloudflare } = await import("../local-cloud.ts");
  return localCloudflare({ home, ...(signal ? { signal } : {}), ...(onEvent ? { onEvent } : {}) });
}

function account(): { endpoint: string; token: string } {
  const token = inherited("CLOUDFLARE_API_TOKEN");
  if (token) return { endpoint: inherited("CLOUDFLARE_BASE_URL") ?? CLOUDFLARE_URL, token };
  throw new UserError("PrecheckFailed", {
    reason: "there is no token for Cloudflare",
    suggestion: `set CLOUDFLARE_API_TOKEN to one that may ${RIGHTS}; or try it without an account: --cloud local`,
  });
}

const RIGHTS = "edit Account: Cloudflare Tunnel and Zone: DNS, and read Zone: Zone";

/** Calls of the API, with refusals in plain words. */
export async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CloudflareApiError)) throw error;
    const suggestion = error.tokenRefused
      ? `check CLOUDFLARE_API_TOKEN: it must be valid, and may ${RIGHTS}`
      : error.status === 429
        ? "Cloudflare lets 1200 calls in five minutes in: wait, then run it again"
        : "nothing was changed; run it again";
    throw new UserError("PrecheckFailed", { reason: error.message, suggestion }, { cause: error });
  }
}
