import { Ledger } from "../engine/ledger.ts";
import type { Instance, Provider } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import type { Api } from "../rest/api.ts";
import { resourceOf } from "../rest/resource.ts";
import { connectApi } from "./api.ts";
import { FUNCTIONS } from "./functions.ts";
import { TYPES } from "./types/index.ts";

const ENDPOINT = "https://api.cloudflare.com/client/v4";

/**
 * The bundled cloudflare plugin: tunnels, their rules, and DNS records.
 * @param version of the SDK it stands in for
 * @param api in place of what providers are told, and of CLOUDFLARE_BASE_URL and CLOUDFLARE_API_TOKEN
 */
export function cloudflarePlugin(version: string, api?: { endpoint: string; token: string }): Provider {
  return { name: "cloudflare", version, open: () => open(api) };
}

function open(api?: { endpoint: string; token: string }): Instance {
  let settings: Properties = {};
  const ledger = new Ledger();
  const connect = (signal: AbortSignal): Api =>
    connectApi({ endpoint: api?.endpoint ?? endpointOf(settings), token: api?.token ?? tokenOf(settings) }, signal);
  return {
    configure(given) {
      settings = given;
    },
    resource(token) {
      const type = TYPES.get(token);
      return type && resourceOf(type, connect, ledger);
    },
    invoke(token, args, call) {
      return FUNCTIONS.get(token)?.(connect(call.signal), args);
    },
  };
}

function endpointOf(settings: Properties): string {
  return String(settings.baseUrl || process.env.CLOUDFLARE_BASE_URL || ENDPOINT).replace(/\/+$/, "");
}

function tokenOf(settings: Properties): string {
  const token = settings.apiToken || process.env.CLOUDFLARE_API_TOKEN;
  if (token) return String(token);
  const key = settings.apiKey || process.env.CLOUDFLARE_API_KEY;
  const why = key ? "the bundled cloudflare plugin takes no API key" : "there is no API token";
  throw new Error(`${why}: set CLOUDFLARE_API_TOKEN, or \`pulumi config set --secret cloudflare:apiToken\``);
}
