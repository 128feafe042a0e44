import { Ledger } from "../engine/ledger.ts";
import type { Instance, Provider } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import type { Api } from "../rest/api.ts";
import { resourceOf } from "../rest/resource.ts";
import { connectApi } from "./api.ts";
import { FUNCTIONS } from "./functions.ts";
import { previewOnly } from "./preview-only.ts";
import { TYPES } from "./types/index.ts";

const ENDPOINT = "https://api.digitalocean.com";

/**
 * The bundled digitalocean plugin.
 * @param version of the SDK it stands in for
 */
export function digitalOceanPlugin(version: string): Provider {
  return { name: "digitalocean", version, open };
}

function open(): Instance {
  let settings: Properties = {};
  const ledger = new Ledger();
  const connect = (signal: AbortSignal): Api =>
    connectApi({ endpoint: endpointOf(settings), token: tokenOf(settings) }, signal);
  return {
    configure(given) {
      settings = given;
    },
    resource(type) {
      const row = TYPES.get(type);
      return row ? resourceOf(row, connect, ledger) : previewOnly(type);
    },
    invoke(token, args, call) {
      const lookUp = FUNCTIONS.get(token);
      return lookUp && told(token, () => lookUp(connect(call.signal), args, call));
    },
  };
}

/** The official plugin's words around what went wrong, which programs may look for. */
async function told(token: string, work: () => Promise<Properties>): Promise<Properties> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`invoking ${token}: 1 error occurred:\n\t* ${(error as Error).message}`, { cause: error });
  }
}

function endpointOf(settings: Properties): string {
  const given = String(settings.apiEndpoint || process.env.DIGITALOCEAN_API_URL || ENDPOINT);
  return given.replace(/\/+$/, "").replace(/\/v2$/, "");
}

function tokenOf(settings: Properties): string {
  const token = settings.token || process.env.DIGITALOCEAN_TOKEN || process.env.DIGITALOCEAN_ACCESS_TOKEN;
  if (!token)
    throw new Error(
      "there is no API token: set DIGITALOCEAN_TOKEN, or `pulumi config set --secret digitalocean:token`",
    );
  return String(token);
}
