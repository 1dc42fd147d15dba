import { afterEach, beforeEach, expect } from "vitest";
import {
  BackgroundScanner,
  type BackgroundScans,
  type BackgroundScansOptions,
  type LateVerdict,
} from "../../../src/background/index.ts";
import type { Entity } from "../../../src/entity/index.ts";
import type { Scanner, Verdict } from "../../../src/scanning/index.ts";
import { MetricsRegistry, PrometheusBackgroundMetrics } from "../../../src/telemetry/index.ts";
import { BackgroundMessage } from "../../support/background-message.ts";
import { backgroundScans } from "../../support/background-scans.ts";
import { JobScanner, verdictOf } from "../../support/job-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";

export const file = entityOf("a file that takes minutes", { fileName: "a.exe" });
export const blocked = verdictOf("blocked", { threats: [{ name: "Trojan" }] });
export const overload = verdictOf("error", { reason: "overload" });
export const failure = verdictOf("error", { reason: "engine-error" });

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A scanner in the background of a service, and what is told of its scans. */
export class Bench {
  readonly sandbox = new JobScanner();
  served: Scanner | undefined = this.sandbox;
  /** On a clock that goes on when somebody waits. */
  now = 1_000_000;
  readonly pauses: number[] = [];
  readonly ends: LateVerdict[] = [];
  readonly lines: Line[] = [];
  readonly scans: BackgroundScans;
  readonly #registry = new MetricsRegistry({ processMetrics: false });
  readonly #scanner: BackgroundScanner;

  constructor(options: Partial<BackgroundScansOptions> = {}) {
    const log = (level: string) => (msg: string, fields?: object) =>
      void this.lines.push({ level, msg, ...fields });
    this.scans = backgroundScans({
      scannerOf: () => this.served,
      metrics: new PrometheusBackgroundMetrics(this.#registry),
      logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
      now: () => this.now,
      wait: async (ms, signal) => {
        if (signal.aborted) return;
        this.pauses.push(ms);
        this.now += ms;
      },
      onEnd: (late) => this.ends.push(late),
      ...options,
    });
    this.#scanner = new BackgroundScanner(this.sandbox, {
      name: "cape",
      key: "IcapScanner/a/sandbox",
      timeoutMs: 900_000,
      policy: undefined,
      cacheTtl: { cleanMs: 1000, blockedMs: 2000 },
      scans: this.scans,
    });
  }

  ask(message: BackgroundMessage, entity: Entity = file): Promise<Verdict> {
    return this.#scanner.scan(entity, message.context);
  }

  async passed(message = new BackgroundMessage(), entity: Entity = file): Promise<void> {
    await this.ask(message, entity);
    message.pass();
  }

  async ended(count = 1): Promise<void> {
    await expect.poll(() => this.ends.length).toBe(count);
  }

  async uploading(count = 1): Promise<void> {
    await expect.poll(() => this.sandbox.uploads.length).toBe(count);
  }

  async following(count = 1): Promise<void> {
    await expect.poll(() => this.sandbox.follows.length).toBe(count);
  }

  async metric(name: string): Promise<string[]> {
    const text = await this.#registry.text();
    return text.split("\n").filter((line) => line.startsWith(`${name}{`));
  }
}

/** A bench for each test, and more with other options; all are closed. */
export function useBench(): (options?: Partial<BackgroundScansOptions>) => Bench {
  let benches: Bench[] = [];
  beforeEach(() => {
    benches = [];
  });
  afterEach(async () => {
    await Promise.all(benches.map(({ scans }) => scans.close()));
  });
  return (options) => {
    const made = new Bench(options);
    benches.push(made);
    return made;
  };
}
