import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { setImmediate as yieldToOthers } from "node:timers/promises";

export interface LoadOptions {
  readonly proxyPort: number;
  readonly parallel: number;
  /** The address of each download by its number, and what must come. */
  readonly download: (index: number) => { readonly url: string; readonly content: Buffer };
}

/**
 * Downloads through a proxy, many at a time, each compared byte by byte. Goes on until it is told to
 * stop, so that a test can do something to the server under load and then wait for more downloads.
 */
export class ProxiedLoad {
  /** Downloads that came unchanged with status 200. */
  passed = 0;
  /** One line for each that did not. */
  readonly failures: string[] = [];
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #users: Promise<void>[];
  #started = 0;
  #stopping = false;
  #milestone: { readonly at: number; readonly reached: () => void } | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.parallel });
    this.#users = Array.from({ length: options.parallel }, () => this.#user());
  }

  /** Resolves after that many more downloads have ended. */
  async more(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#milestone = { at: this.passed + this.failures.length + count, reached: resolve };
    await promise;
  }

  /** Lets the downloads under way end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#users);
    this.#agent.destroy();
  }

  async #user(): Promise<void> {
    while (!this.#stopping) {
      const index = this.#started;
      this.#started += 1;
      const { url, content } = this.#options.download(index);
      const failure = await this.#download(url, content);
      if (failure === undefined) this.passed += 1;
      else this.failures.push(`${url}: ${failure}`);
      const ended = this.passed + this.failures.length;
      if (this.#milestone && ended >= this.#milestone.at) this.#milestone.reached();
      await yieldToOthers();
    }
  }

  async #download(url: string, content: Buffer): Promise<string | undefined> {
    const asked = request({
      host: "127.0.0.1",
      port: this.#options.proxyPort,
      path: url,
      headers: { Host: new URL(url).host },
      agent: this.#agent,
    });
    try {
      asked.end();
      const [response] = (await once(asked, "response")) as [IncomingMessage];
      const received = Buffer.concat(await response.toArray());
      if (response.statusCode !== 200) return `status ${response.statusCode}`;
      return received.equals(content) ? undefined : `${received.length} other bytes`;
    } catch (error) {
      return String(error);
    }
  }
}
