import { ClientErrorCode, IcapClientError } from "./client-error.ts";
import { IcapClient, type IcapClientOptions } from "./icap-client.ts";

/** Clients of one service, each with a connection of its own: as many requests at a time as are made. */
export class IcapClientPool {
  readonly #options: IcapClientOptions;
  readonly #maxIdle: number;
  readonly #idle: IcapClient[] = [];
  readonly #busy = new Set<IcapClient>();
  #isClosed = false;

  /** `maxIdle`: connections kept for later requests. How many are in use is the caller's affair. */
  constructor(options: IcapClientOptions, maxIdle: number) {
    this.#options = options;
    this.#maxIdle = maxIdle;
  }

  /** Requests under way. */
  get inUse(): number {
    return this.#busy.size;
  }

  /**
   * Has `work` done by a client that nobody else uses meanwhile. A kept connection may be one that
   * the server has just closed (RFC 3507 has no way to tell), so `work` is then called once more,
   * on a new one: it must be able to send its body again.
   */
  async use<T>(work: (client: IcapClient) => Promise<T>): Promise<T> {
    const kept = this.#idle.pop();
    if (kept === undefined) return await this.#with(new IcapClient(this.#options), work);
    try {
      return await this.#with(kept, work);
    } catch (error) {
      if (!wasClosed(error) || this.#isClosed) throw error;
      return await this.#with(new IcapClient(this.#options), work);
    }
  }

  /** Keeps no connection from now on; requests under way go on. */
  retire(): void {
    this.#isClosed = true;
    for (const client of this.#idle.splice(0)) client.close();
  }

  /** Ends all connections; requests under way fail. */
  close(): void {
    this.retire();
    for (const client of this.#busy) client.close();
  }

  async #with<T>(client: IcapClient, work: (client: IcapClient) => Promise<T>): Promise<T> {
    this.#busy.add(client);
    try {
      const done = await work(client);
      if (!this.#isClosed && this.#idle.length < this.#maxIdle) this.#idle.push(client);
      else client.close();
      return done;
    } catch (error) {
      client.close();
      throw error;
    } finally {
      this.#busy.delete(client);
    }
  }
}

function wasClosed(error: unknown): boolean {
  return error instanceof IcapClientError && error.code === ClientErrorCode.Closed;
}
