import { type Api, connectRest } from "../rest/api.ts";
import { refused } from "./errors.ts";

/** The largest page that every list of the API gives. */
const PAGE_SIZE = 50;

/** Cloudflare's API v4 for one operation: callers get the `result` of an answer. */
export function connectApi(settings: { endpoint: string; token: string }, signal: AbortSignal): Api {
  return connectRest(
    {
      ...settings,
      refused,
      unwrap: (body) => body.result,
      pagePath: (path, page) => `${path}${path.includes("?") ? "&" : "?"}page=${page}&per_page=${PAGE_SIZE}`,
      page: (body) => {
        const { page, total_pages: pages } = body.result_info ?? { page: 1, total_pages: 1 };
        return { items: body.result ?? [], more: page < pages };
      },
    },
    signal,
  );
}
