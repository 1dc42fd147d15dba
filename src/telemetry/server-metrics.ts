/** Why a connection was not served; a closed list, so that it can be a metric label. */
export const RefusalReason = {
  MaxConnections: "max-connections",
  MaxConnectionsPerClient: "max-connections-per-client",
  Draining: "draining",
  /** A malformed PROXY protocol preface, or one where none is allowed. */
  ProxyProtocol: "proxy-protocol",
  TlsHandshake: "tls-handshake",
} as const;
export type RefusalReason = (typeof RefusalReason)[keyof typeof RefusalReason];

/** What was restarted after it died; a closed list, so that it can be a metric label. */
export const WorkerKind = { Process: "process", ScanThread: "scan-thread" } as const;
export type WorkerKind = (typeof WorkerKind)[keyof typeof WorkerKind];

/** What the spool holds at this moment. */
export interface SpoolUsage {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** What the sockets tell. Every call is a plain addition: safe per read and per write. */
export interface ConnectionMetrics {
  connectionOpened(): void;
  connectionClosed(): void;
  connectionRefused(reason: RefusalReason): void;
  bytesReceived(count: number): void;
  bytesSent(count: number): void;
}

/** What the wire and the transactions tell while they run; ended ones are `TransactionRecord`s. */
export interface ProgressMetrics {
  transactionStarted(): void;
  transactionEnded(): void;
  /** `code` is one of the error registry of the wire. */
  parserError(code: string): void;
}

export interface SpoolMetrics {
  /** `read` is called at each scrape; a second call replaces the first. */
  watchSpool(read: () => SpoolUsage): void;
}

export interface ScannerMetrics {
  /** One judgement by one scanner. `scanner` is a configured name, `verdict` a `VerdictKind`. */
  scanEnded(scanner: string, verdict: string, durationMs: number): void;
}

export interface LifecycleMetrics {
  workerRestarted(kind: WorkerKind): void;
  /** A configuration is in force from now on; `revision` is a short hash. */
  configApplied(revision: string): void;
  /** What was found is what is in force already: a refused change was taken back. */
  configUnchanged(): void;
  /** A new configuration was refused; the last good one stays in force. */
  configRefused(): void;
}

/** Everything counted beside ended transactions. A module takes the narrow part it needs. */
export interface ServerMetrics
  extends ConnectionMetrics,
    ProgressMetrics,
    SpoolMetrics,
    ScannerMetrics,
    LifecycleMetrics {}

const ignore = (): void => {};

/** Counts nothing. */
export const noMetrics: ServerMetrics = {
  connectionOpened: ignore,
  connectionClosed: ignore,
  connectionRefused: ignore,
  bytesReceived: ignore,
  bytesSent: ignore,
  transactionStarted: ignore,
  transactionEnded: ignore,
  parserError: ignore,
  watchSpool: ignore,
  scanEnded: ignore,
  workerRestarted: ignore,
  configApplied: ignore,
  configUnchanged: ignore,
  configRefused: ignore,
};
