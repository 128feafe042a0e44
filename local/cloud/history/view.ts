import type { CloudState } from "../cloud.ts";
import type { Action } from "../objects.ts";

/** An action as the API shows it, on its own. Clients take it for done when `completed_at` is set, whatever the status says. */
export function actionView(cloud: CloudState, action: Action) {
  return { action: actionFields(cloud, action) };
}

/** The fields of an action. */
export function actionFields({ catalog }: CloudState, action: Action) {
  return {
    id: action.id,
    status: action.status,
    type: action.type,
    started_at: action.startedAt,
    completed_at: action.completedAt,
    resource_id: action.resourceId,
    resource_type: action.resourceType,
    region: (action.region !== null && catalog.regions.get(action.region)) || undefined,
    region_slug: action.region,
  };
}

/** A link to an action, as a create answers with. */
export function actionLink({ origin }: CloudState, action: Action, rel: string) {
  return { id: action.id, rel, href: `${origin}/v2/actions/${action.id}` };
}
