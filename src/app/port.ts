import type { ListenAddress } from "../config/index.ts";
import type { EmbeddedScannerDescription } from "../scanners/index.ts";
import type { Log, MetricsSnapshot } from "../telemetry/index.ts";

export interface ServiceFacts {
  readonly path: string;
  readonly methods: readonly string[];
  /** Has scanners, rather than rules alone or nothing. */
  readonly scans: boolean;
}

/** What Sluice offers once it runs, for whoever started it. */
export interface AppFacts {
  readonly icap: readonly ListenAddress[];
  readonly icaps: readonly ListenAddress[];
  readonly admin: ListenAddress | undefined;
  readonly services: readonly ServiceFacts[];
  readonly scanners: readonly EmbeddedScannerDescription[];
  /** This is one of several workers, and another process speaks for all of them. */
  readonly worker?: boolean;
}

/** What an error of `startApp` may tell beside its message. */
export interface StartError {
  /** Everything that is wrong with the resources, a line each: `services.yaml:14: spec.path: …`. */
  readonly problems?: readonly string[];
  /** This is a worker, whose primary tells the reason. */
  readonly isToldByPrimary?: boolean;
}

/** A running server: `startApp` is its beginning, `drain` or `abort` its end. */
export interface App {
  /** As it is now: a reload changes it. */
  readonly facts: AppFacts;
  /** Ends without losing a transaction, within the configured time. */
  drain(): Promise<void>;
  /** Ends what is under way with 503; `drain` then resolves soon. */
  abort(): void;
  /** Looks at the resource files now rather than at the next poll. */
  reload(): void;
  /** What this process counted so far, as plain data. */
  metrics(): Promise<MetricsSnapshot>;
}

/** The server of one process. */
export interface ServerApp extends App {
  /** What a primary asks of its worker; plain data both ways. */
  answer(question: unknown): Promise<unknown>;
}

export interface AppPorts {
  readonly log: Log;
  readonly version: string;
  /** Lines that nobody read in time, so far. */
  readonly droppedLogLines: () => number;
}
