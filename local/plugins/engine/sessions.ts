import { connectLog, type EngineLog, SILENT } from "./log.ts";
import type { Instance, Provider } from "./provider.ts";

/** One provider resource of one engine: engines open a connection for each. */
export interface Session {
  readonly instance: Instance;
  log: EngineLog;
  /** Aborted by the engine's Cancel. */
  readonly cancelled: AbortController;
}

/** The sessions by connection. In a process of its own there is one; in a server that engines attach to, one per provider. */
export class Sessions {
  readonly #provider: Provider;
  readonly #log: EngineLog;
  readonly #byPeer = new Map<string, Session>();
  #last: Session | undefined;

  constructor(provider: Provider, engineAddress: string | undefined) {
    this.#provider = provider;
    this.#log = engineAddress ? connectLog(engineAddress) : SILENT;
  }

  /** A connection that was lost and made again gets the newest session, with its settings. */
  of(peer: string): Session {
    const known = this.#byPeer.get(peer) ?? this.#last;
    return known ?? this.open(peer);
  }

  /** A new session, for an engine that introduces itself. */
  open(peer: string): Session {
    const session = { instance: this.#provider.open(), log: this.#log, cancelled: new AbortController() };
    this.#byPeer.set(peer, session);
    this.#last = session;
    return session;
  }

  /** An engine that attaches says where its log is. */
  attach(peer: string, address: string): void {
    this.of(peer).log = connectLog(address);
  }

  close(): void {
    for (const session of this.#byPeer.values()) {
      session.cancelled.abort(new Error("the plugin was stopped"));
      session.log.close();
    }
  }
}
