import { type Api, connectRest } from "../rest/api.ts";
import { refused } from "./errors.ts";

/** Where the API is and who asks. */
export interface ApiSettings {
  endpoint: string;
  token: string;
}

/** The largest page the API gives. */
const PAGE_SIZE = 200;

/** DigitalOcean's API for one operation. */
export function connectApi(settings: ApiSettings, signal: AbortSignal): Api {
  return connectRest(
    {
      ...settings,
      refused,
      pagePath: (path, page) => `${path}${path.includes("?") ? "&" : "?"}page=${page}&per_page=${PAGE_SIZE}`,
      page: (body, key) => ({ items: body[key] ?? [], more: body.links?.pages?.next !== undefined }),
    },
    signal,
  );
}
