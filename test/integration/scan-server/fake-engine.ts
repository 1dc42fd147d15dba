import type {
  EngineAbilities,
  EngineVerdict,
  ScanEngine,
  ScanSubject,
} from "../../../src/scanners/serve/scan-engine.ts";
import { ScanServer, type ScanServerOptions } from "../../../src/scanners/serve/scan-server.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";

export type Judge = (subject: ScanSubject) => Promise<EngineVerdict>;

/** An engine that a test makes up, and remembers what it was asked last. */
export class FakeEngine implements ScanEngine {
  readonly name = "fake";
  readonly abilities?: EngineAbilities;
  readonly #judge: Judge;
  asked: ScanSubject | undefined;

  constructor(judge: Judge, abilities?: EngineAbilities) {
    this.#judge = judge;
    if (abilities !== undefined) this.abilities = abilities;
  }

  state() {
    return { epoch: "fake-1" };
  }

  scan(subject: ScanSubject): Promise<EngineVerdict> {
    this.asked = subject;
    return this.#judge(subject);
  }

  expose(): void {}

  async close(): Promise<void> {}
}

export const clean = { verdict: { kind: "clean", threats: [] }, epoch: "fake-1" } as const;

/** Reads all, and has nothing against it. */
export async function readAll({ body }: ScanSubject): Promise<EngineVerdict> {
  for await (const _ of body);
  return clean;
}

/** A started server in front of an engine; drained by `await using`. */
export async function serving(engine: ScanEngine, changes: Partial<ScanServerOptions> = {}) {
  const server = new ScanServer({
    host: "127.0.0.1",
    port: 0,
    engine,
    maxBytes: 1024 * 1024,
    maxConcurrentScans: 8,
    scanTimeoutMs: 30_000,
    drainDelayMs: 0,
    drainTimeoutMs: 0,
    processMetrics: false,
    logger: silentLogger,
    ...changes,
  });
  await server.start();
  const scheme = changes.access?.tls === undefined ? "http" : "https";
  return {
    server,
    url: (path = "/v1/scan"): string => `${scheme}://127.0.0.1:${server.address.port}${path}`,
    [Symbol.asyncDispose]: () => server.drain(),
  };
}
