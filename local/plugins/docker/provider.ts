import { Ledger } from "../engine/ledger.ts";
import type { Provider, Resource, ResourceCall } from "../engine/provider.ts";
import type { Properties } from "../engine/values.ts";
import { connectEngine, type Engine } from "./engine.ts";
import { resourceOf } from "./resource.ts";
import { settingsOf } from "./settings.ts";
import { TYPES } from "./types.ts";

/**
 * The bundled docker plugin: the types of the official one that a stack of services needs.
 * @param version of the SDK it stands in for
 */
export function dockerPlugin(version: string): Provider {
  return {
    name: "docker",
    version,
    open() {
      let settings: Properties = {};
      let engine: Engine | undefined;
      const connect = (call: ResourceCall): Engine => {
        engine ??= connectEngine(settingsOf(settings), call);
        return engine;
      };
      const ledger = new Ledger();
      const resources = new Map<string, Resource>();
      return {
        configure(given) {
          settings = given;
          engine = undefined;
        },
        resource(token) {
          const type = TYPES.get(token);
          if (type && !resources.has(token)) resources.set(token, resourceOf(type, connect, ledger));
          return resources.get(token);
        },
        invoke: () => undefined,
      };
    },
  };
}
