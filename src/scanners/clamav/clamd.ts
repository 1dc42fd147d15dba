import type { Logger } from "../../telemetry/index.ts";
import type { ClamdAddress } from "./clamd-address.ts";
import { ClamdConnection, ClamdFailure } from "./clamd-connection.ts";
import { ClamdSession } from "./clamd-session.ts";
import { type ClamdVersion, epochOf, parseVersion } from "./clamd-version.ts";
import { ask, instream } from "./instream.ts";

export interface ClamdOptions {
  readonly address: ClamdAddress;
  readonly connectTimeoutMs: number;
  /** Between two probes of a clamd that answers. */
  readonly probeIntervalMs: number;
  /** Identity of signatures of one's own, which clamd does not tell. */
  readonly ownEpoch: string | undefined;
  readonly logger: Logger;
}

const PROBE_TIMEOUT_MS = 5000;
/** Between two probes of one that does not answer: often, so that it is soon of use again. */
const RECOVERY_INTERVAL_MS = 1000;

/** One clamd: whether it answers, which engine it has loaded, and scans by it. */
export class Clamd {
  readonly #options: ClamdOptions;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #version: ClamdVersion | undefined;
  #isUp: boolean | undefined;
  #session: Promise<ClamdSession> | undefined;
  outstanding = 0;
  scans = 0;
  failures = 0;

  constructor(options: ClamdOptions) {
    this.#options = options;
  }

  get label(): string {
    return this.#options.address.label;
  }

  /** Whether it answered when it was last asked something. */
  get isUp(): boolean {
    return this.#isUp === true;
  }

  get version(): ClamdVersion | undefined {
    return this.#version;
  }

  /** Of the engine that is in force; undefined before it has been asked. */
  get epoch(): string | undefined {
    return this.#version && epochOf(this.#version, this.#options.ownEpoch);
  }

  /** Resolves when it has been asked once; from then on it is asked from time to time. */
  async start(): Promise<void> {
    await this.#probe();
    this.#schedule();
  }

  /** clamd's reply to a body as it arrives. Rejects with a `ClamdFailure`. */
  scan(body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<string> {
    return this.#counted(() => this.#scanAlone(body, signal), signal);
  }

  /** The same for a body that is there: several such share a connection. */
  scanSmall(body: Buffer, signal: AbortSignal): Promise<string> {
    return this.#shared(
      (session) => session.scan(body, signal),
      () => this.#scanAlone([body], signal),
      signal,
    );
  }

  /**
   * The same for a file that clamd can read. `onUnanswered` is called when a session gave no answer: its
   * thread may still read the file, also when the one that is asked next has answered.
   */
  scanFile(path: string, signal: AbortSignal, onUnanswered: () => void): Promise<string> {
    return this.#shared(
      (session) =>
        session.scanFile(path, signal).catch((error: unknown) => {
          onUnanswered();
          throw error;
        }),
      () => this.#askAlone((connection) => ask(connection, `SCAN ${path}`), signal),
      signal,
    );
  }

  /** In the session, or alone: what ends a session may be another's stream. */
  #shared(
    together: (session: ClamdSession) => Promise<string>,
    alone: () => Promise<string>,
    signal: AbortSignal,
  ): Promise<string> {
    return this.#counted(async () => {
      const session = await this.#sessionOf();
      const answer = session.hasRoom
        ? await together(session).catch((error: ClamdFailure) => error)
        : undefined;
      if (typeof answer === "string") return answer;
      if (answer !== undefined && signal.aborted) throw answer;
      return await alone();
    }, signal);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
  }

  async #counted(scan: () => Promise<string>, signal: AbortSignal): Promise<string> {
    this.outstanding += 1;
    this.scans += 1;
    try {
      return await scan();
    } catch (error) {
      if (error instanceof ClamdFailure && !signal.aborted) this.#failed(error);
      throw error;
    } finally {
      this.outstanding -= 1;
    }
  }

  #scanAlone(body: AsyncIterable<Buffer> | Iterable<Buffer>, signal: AbortSignal): Promise<string> {
    return this.#askAlone((connection) => instream(connection, body), signal);
  }

  async #askAlone(
    exchange: (connection: ClamdConnection) => Promise<string>,
    signal: AbortSignal,
  ): Promise<string> {
    const connection = await this.#open(signal);
    try {
      return await exchange(connection);
    } finally {
      connection.close();
    }
  }

  /** The session that is open, or a new one. */
  #sessionOf(): Promise<ClamdSession> {
    this.#session ??= this.#openSession();
    return this.#session;
  }

  async #openSession(): Promise<ClamdSession> {
    const forget = (): void => {
      this.#session = undefined;
    };
    try {
      return new ClamdSession(await this.#open(this.#end.signal), forget);
    } catch (error) {
      forget();
      throw error;
    }
  }

  #open(signal: AbortSignal): Promise<ClamdConnection> {
    const { address, connectTimeoutMs } = this.#options;
    return ClamdConnection.open(address, { timeoutMs: connectTimeoutMs, signal });
  }

  #failed(error: ClamdFailure): void {
    this.failures += 1;
    if (!error.isUnreached) return;
    this.#observed(error.message);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#end.signal.aborted) return;
    const delayMs = this.isUp
      ? this.#options.probeIntervalMs
      : Math.min(RECOVERY_INTERVAL_MS, this.#options.probeIntervalMs);
    this.#timer = setTimeout(() => void this.start(), delayMs).unref();
  }

  /** VERSION tells that clamd answers, and which signatures are in force: not until it scans by them. */
  async #probe(): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(PROBE_TIMEOUT_MS), this.#end.signal]);
    let connection: ClamdConnection | undefined;
    try {
      connection = await this.#open(signal);
      this.#learn(await ask(connection, "VERSION"));
    } catch (error) {
      if (!(error instanceof ClamdFailure)) throw error;
      if (!this.#end.signal.aborted) this.#observed(error.message);
    } finally {
      connection?.close();
    }
  }

  #learn(reply: string): void {
    const version = parseVersion(reply);
    if (version === undefined) throw new ClamdFailure("clamd gave no known answer to VERSION");
    const { logger } = this.#options;
    const before = this.epoch;
    this.#version = version;
    this.#observed(undefined);
    if (this.epoch !== before) {
      logger.info("clamd has an engine", { clamd: this.label, epoch: this.epoch });
    }
  }

  #observed(why: string | undefined): void {
    const isUp = why === undefined;
    if (isUp === this.#isUp) return;
    const { logger } = this.#options;
    if (!isUp) logger.warn("clamd does not answer", { clamd: this.label, why });
    else if (this.#isUp === false) logger.info("clamd answers again", { clamd: this.label });
    this.#isUp = isUp;
  }
}
