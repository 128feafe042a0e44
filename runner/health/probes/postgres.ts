import { Socket } from "node:net";
import { within } from "../../../clients/resilience/within.ts";
import { endpointOf } from "../../../domain/health/target.ts";
import type { Probe } from "../probe.ts";

/** Share of the connections that may be taken, in percent. */
const MOST_CONNECTIONS = 90;

/** SQLSTATE classes with which a server that takes connections refuses one without the right user, password or database. */
const REFUSALS = /^(28|3D)/;

/**
 * `SELECT 1` as the user of the address, and how many of the connections are taken. Without a user it is enough that the server refuses the login, as
 * for `pg_isready`: one that starts, or has no connection left, says so.
 */
export const postgres: Probe = async ({ name, address }, { deadline }) => {
  const { Client } = (await import("pg")).default;
  const { username } = new URL(address);
  // A server that takes the connection and stays silent would keep the process from its end.
  const socket = new Socket();
  const client = new Client({ connectionString: address, application_name: "windlass health", stream: () => socket });
  client.on("error", () => undefined);
  const reading = { service: name, endpoint: endpointOf(address) };
  try {
    try {
      await within(deadline, client.connect());
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const refused = REFUSALS.test(code ?? "") || /password must be a string/.test(message);
      if (!refused) throw error;
      const known = username === "";
      return [
        {
          ...reading,
          required: { accepts_connections: true, ...(known ? {} : { logged_in: false }) },
          ...(known ? {} : { reason: message }),
        },
      ];
    }
    const { rows } = await within(deadline, client.query(CONNECTIONS));
    const [{ one, taken, most }] = rows as [{ one: number; taken: number; most: number }];
    const connections = Math.min(100, Math.round((1000 * taken) / most) / 10);
    return [
      {
        ...reading,
        required: { accepts_connections: true, select_1: one === 1 },
        desired: { connections_ok: connections <= MOST_CONNECTIONS },
        metrics: { connections_percent: connections },
      },
    ];
  } finally {
    await within(deadline, client.end()).catch(() => undefined);
    socket.destroy();
  }
};

const CONNECTIONS = `SELECT 1 AS one, (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS taken,
  current_setting('max_connections')::int AS most`;
