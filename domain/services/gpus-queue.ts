/**
 * The queue for the GPUs of a Docker host stands on its engine, so that runners of every machine see it: small empty volumes with labels. A
 * ticket says who waits or is about to start, and until when that is believed; it is renewed while its runner lives. A lock is one GPU's: its
 * name is the GPU's, and of two who make a volume of one name the engine tells both the labels of the first.
 */

/** A volume of the engine, as far as it matters here. */
export interface QueueVolume {
  name: string;
  labels: Readonly<Record<string, string>>;
}

export interface GpuTicket {
  /** By age: the time of the engine, then chance. */
  id: string;
  project: string;
  /** Milliseconds since 1970, by the engine's clock. */
  until: number;
  volume: string;
}

const TICKET = "windlass.gpu-ticket";
const PROJECT = "windlass.gpu-project";
const UNTIL = "windlass.gpu-until";
const OWNER = "windlass.gpu-owner";

/** Labels of which the volumes of a queue have one: locks, tickets. */
export const QUEUE_LABELS = [OWNER, TICKET] as const;

/** Milliseconds that a ticket is believed without being renewed. */
export const TICKET_LIFE_MS = 60_000;

/** A ticket's volume. `now` is the engine's time in milliseconds, `round` counts its renewals. */
export function ticketVolume(id: string, project: string, now: number, round: number): QueueVolume {
  const labels = { [TICKET]: id, [PROJECT]: project, [UNTIL]: String(now + TICKET_LIFE_MS) };
  return { name: `windlass-gpu-ticket-${id}.${round}`, labels };
}

export function lockVolume(uuid: string, ticket: string): QueueVolume {
  return { name: `windlass-gpu-lock-${uuid}`, labels: { [OWNER]: ticket } };
}

/** The ticket that a lock belongs to. */
export function lockOwner({ labels }: QueueVolume): string | undefined {
  return labels[OWNER];
}

/** Milliseconds since 1970 come first, so that text sorts by age. */
export function ticketId(now: number, chance: string): string {
  return `${String(Math.floor(now)).padStart(15, "0")}-${chance}`;
}

export interface GpuQueue {
  /** The oldest first. Whoever has locks is past waiting, and not among them. */
  waiting: GpuTicket[];
  /** Tickets by the UUID of the GPU that they have locked. */
  locked: Map<string, GpuTicket>;
  /** Volumes of runners that are gone, and of tickets that were renewed. */
  stale: string[];
}

export function readQueue(volumes: readonly QueueVolume[], now: number): GpuQueue {
  const tickets = new Map<string, GpuTicket>();
  const stale: string[] = [];
  for (const { name: volume, labels } of volumes) {
    const { [TICKET]: id, [PROJECT]: project = "", [UNTIL]: end } = labels;
    if (id === undefined) continue;
    const until = Number(end) || 0;
    const known = tickets.get(id);
    if (until < now || (known && known.until >= until)) stale.push(volume);
    else {
      if (known) stale.push(known.volume);
      tickets.set(id, { id, project, until, volume });
    }
  }
  const locked = new Map<string, GpuTicket>();
  for (const { name, labels } of volumes) {
    const owner = labels[OWNER];
    if (owner === undefined) continue;
    const ticket = tickets.get(owner);
    if (ticket) locked.set(name.slice("windlass-gpu-lock-".length), ticket);
    else stale.push(name);
  }
  const starting = new Set([...locked.values()].map(({ id }) => id));
  const waiting = [...tickets.values()].filter(({ id }) => !starting.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  return { waiting, locked, stale };
}
