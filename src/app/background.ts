import { readFileSync } from "node:fs";
import {
  BackgroundScans,
  type BackgroundScansOptions,
  type LateVerdict,
  RedisLedger,
} from "../background/index.ts";
import type { ScanCache } from "../cache/index.ts";
import type { Settings } from "../config/index.ts";
import { lateVerdictEvent, Webhook } from "../events/index.ts";
import { pause } from "../scanning/index.ts";
import {
  type Logger,
  type MetricsRegistry,
  PrometheusBackgroundMetrics,
} from "../telemetry/index.ts";

export interface BackgroundParts extends Pick<BackgroundScansOptions, "scannerOf"> {
  /** Its Redis is where pods tell each other of their scans. */
  readonly cache: ScanCache | undefined;
  readonly registry: MetricsRegistry;
  readonly logger: Logger;
}

/** Scans of mode Background, and who is told of their ends. */
export interface Background {
  readonly scans: BackgroundScans;
  /** Hands over what can be, and gives the rest so much time. Safe to call twice. */
  stop(timeoutMs: number): Promise<void>;
}

const LEASE_MS = 15_000;
const LOOK_MS = 5000;
const ALARM_EVERY_MS = 60_000;
/** Events that wait for a receiver that does not answer. */
const EVENT_QUEUE = 1000;
const EVENT_QUEUE_BYTES = 16 * 1024 * 1024;
/** For events of scans that ended with the process. */
const LAST_EVENTS_MS = 2000;

/** Throws when a file that it needs cannot be used. */
export function createBackground(
  { background, events }: Settings,
  { cache, registry, logger, scannerOf }: BackgroundParts,
): Background {
  const metrics = new PrometheusBackgroundMetrics(registry);
  const webhook = webhookOf(events, { metrics, logger });
  const tellsAll = events.webhook.verdicts === "All";
  const scans = new BackgroundScans({
    ledger: ledgerOf(cache, logger),
    limits: background,
    timing: { leaseMs: LEASE_MS, lookMs: LOOK_MS },
    scannerOf,
    metrics,
    logger,
    onEnd: (late) => {
      if (tellsAll || isThreat(late)) webhook?.send(lateVerdictEvent(late));
    },
  });
  metrics.watch(
    registry,
    () => scans.usage,
    () => webhook?.waiting ?? 0,
  );
  return {
    scans,
    stop: async (timeoutMs) => {
      await scans.drain(timeoutMs);
      await webhook?.close(Math.max(timeoutMs, LAST_EVENTS_MS));
    },
  };
}

function isThreat({ verdict: { kind } }: LateVerdict): boolean {
  return kind === "blocked" || kind === "suspicious";
}

function ledgerOf(cache: ScanCache | undefined, logger: Logger): RedisLedger | undefined {
  if (cache?.connection === undefined) return undefined;
  let alarmedAt = Number.NEGATIVE_INFINITY;
  return new RedisLedger({
    connection: cache.connection,
    seal: cache.seal,
    leaseMs: LEASE_MS,
    onUnverified: () => {
      if (performance.now() - alarmedAt < ALARM_EVERY_MS) return;
      alarmedAt = performance.now();
      logger.warn("a background scan in redis does not verify");
    },
  });
}

function webhookOf(
  { webhook: { url, tokenFile, caFile, timeout } }: Settings["events"],
  ports: { readonly metrics: PrometheusBackgroundMetrics; readonly logger: Logger },
): Webhook | undefined {
  if (url === undefined) return undefined;
  return new Webhook({
    url,
    tokenFile,
    ca: caFile === undefined ? undefined : readFileSync(caFile, "utf8"),
    timeoutMs: timeout,
    queue: EVENT_QUEUE,
    queueBytes: EVENT_QUEUE_BYTES,
    wait: pause,
    ...ports,
  });
}
