import type { Properties } from "../engine/values.ts";
import type { Api } from "../rest/api.ts";

/** A look-up of the SDK. */
type LookUp = (api: Api, args: Properties) => Promise<Properties>;

/** The look-ups that are bundled, by token. */
export const FUNCTIONS: ReadonlyMap<string, LookUp> = new Map([
  [
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken",
    async (api: Api, { accountId = "", tunnelId = "" }: Properties): Promise<Properties> => ({
      accountId,
      tunnelId,
      token: await api.get(`/accounts/${accountId}/cfd_tunnel/${tunnelId}/token`),
    }),
  ],
]);
