import { RefusalReason } from "../telemetry/index.ts";

export interface AdmissionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
}

/** Counts connections, in all and for each client address, and says when there are too many. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #perClient = new Map<string, number>();
  #open = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#open;
  }

  /** Counts a connection in, or says why it is refused. What was admitted must `leave`. */
  enter(client: string): RefusalReason | undefined {
    if (this.#open >= this.#limits.maxConnections) return RefusalReason.MaxConnections;
    const ofClient = this.#perClient.get(client) ?? 0;
    if (ofClient >= this.#limits.maxConnectionsPerClient) {
      return RefusalReason.MaxConnectionsPerClient;
    }
    this.#open++;
    this.#perClient.set(client, ofClient + 1);
    return undefined;
  }

  leave(client: string): void {
    this.#open--;
    const ofClient = (this.#perClient.get(client) ?? 1) - 1;
    if (ofClient === 0) this.#perClient.delete(client);
    else this.#perClient.set(client, ofClient);
  }
}
