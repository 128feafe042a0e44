import type { CloudState } from "../cloud.ts";
import { pageOf, type Route } from "../wire.ts";

/** `GET /v2/sizes` and `GET /v2/regions`: the catalogue. */
export function catalogRoutes({ catalog }: CloudState): Route[] {
  const sizes = [...catalog.sizes.values()];
  const regions = [...catalog.regions.values()];
  return [
    {
      method: "GET",
      path: "/v2/sizes",
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, sizes);
        return { sizes: items, ...envelope };
      },
    },
    {
      method: "GET",
      path: "/v2/regions",
      status: 200,
      handle: (call) => {
        const { items, envelope } = pageOf(call, regions);
        return { regions: items, ...envelope };
      },
    },
  ];
}
