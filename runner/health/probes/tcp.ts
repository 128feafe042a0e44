import { once } from "node:events";
import { connect } from "node:net";
import { endpointOf } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";

/** Somebody listens on the port. */
export const tcp: Probe = async ({ name, address }, { deadline }) => {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) });
  try {
    await once(socket, "connect", { signal: deadline });
    return [{ service: name, endpoint: endpointOf(address), required: { tcp_open: true } }];
  } finally {
    socket.destroy();
  }
};
