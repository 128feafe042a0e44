/** How services, nodes and stores are: looked at once or again and again, kept, judged by rules, told. */
export { healthError } from "./error.ts";
export { type PastAlert, type PastResult, withHistory } from "./history.ts";
export { type Alerting, type HealthLook, type HealthOptions, health, lookAtHealth } from "./look.ts";
export { type WatchHealthOptions, watchHealth } from "./watch.ts";
