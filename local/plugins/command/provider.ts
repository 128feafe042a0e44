import type { Provider } from "../engine/provider.ts";
import { runLocally } from "./local.ts";
import { localCommand, remoteCommand, remoteCopy } from "./resources.ts";

/**
 * The bundled command plugin: the resources and the function of the official one.
 * @param version of the SDK it stands in for
 */
export function commandPlugin(version: string): Provider {
  const resources = new Map([localCommand, remoteCommand, remoteCopy].map((one) => [one.token, one.resource]));
  return {
    name: "command",
    version,
    open: () => ({
      configure() {},
      resource: (type) => resources.get(type),
      invoke(token, args, call) {
        if (token !== "command:local:run") return undefined;
        return runLocally(String(args.command), args, {}, call).then((outputs) => ({ ...args, ...outputs }));
      },
    }),
  };
}
