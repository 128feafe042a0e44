import type { CloudState } from "../cloud.ts";
import type { Action } from "../objects.ts";
import { type Call, notFound, page, type Route } from "../wire.ts";
import { actionFields, actionView } from "./view.ts";

/** `/v2/actions`: what happened on the account, newest first. */
export function actionRoutes(cloud: CloudState): Route[] {
  return [
    { method: "GET", path: "/v2/actions", status: 200, handle: (call) => listActions(cloud, call, {}) },
    {
      method: "GET",
      path: "/v2/actions/:action",
      status: 200,
      handle: (call) =>
        actionView(
          cloud,
          findAction(cloud, call, () => true),
        ),
    },
  ];
}

/** A page of the actions of one resource. */
export function listActions(cloud: CloudState, call: Call, where: Record<string, string | number>) {
  const { actions } = cloud.store;
  const shown = { ...where, visible: 1 };
  const { items, envelope } = page(call, actions.count(shown), (range) => actions.list(shown, range, true));
  return { actions: items.map((action) => actionFields(cloud, action)), ...envelope };
}

/** The action of the path's `:action`, if it is one of this resource's. */
export function findAction({ store }: CloudState, { params }: Call, belongs: (action: Action) => boolean): Action {
  const action = store.actions.get(params["action"] as string);
  if (!action?.visible || !belongs(action)) throw notFound();
  return action;
}
