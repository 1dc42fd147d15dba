import { Histogram } from "./histogram.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import {
  histogramSamples,
  type Labels,
  type MetricsRegistry,
  type Sample,
} from "./metrics-registry.ts";
import type { TransactionRecord, TransactionSubscriber } from "./transaction-record.ts";

const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];
const sizeBounds = Array.from({ length: 11 }, (_, power) => 1024 * 4 ** power);

/** A count of one combination of labels; found by comparing, not by hashing. */
interface Tally {
  readonly outcome: string;
  readonly cause: string;
  readonly status: number;
  count: number;
}

/** What one method of one service has seen. */
interface MethodTally {
  readonly tallies: Tally[];
  readonly seconds: Histogram;
}

/** What one service has seen. */
interface ServiceTally {
  readonly methods: Map<string, MethodTally>;
  readonly scanWaitSeconds: Histogram;
  readonly entityBytes: Histogram;
}

/**
 * Counts ended transactions. The combinations are bounded: services are configured, the rest are
 * closed lists, of which a service meets a dozen or two.
 */
export function createTransactionMetrics(registry: MetricsRegistry): TransactionSubscriber {
  const services = new Map<string, ServiceTally>();
  exposeTo(registry, services);
  return (record) => {
    const service = serviceOf(services, record.service ?? "");
    const method = methodOf(service, record.method);
    tallyOf(method, record).count += 1;
    method.seconds.observe(record.durationMs / 1000);
    if (record.scanMs !== undefined) service.scanWaitSeconds.observe(record.scanMs / 1000);
    if (record.entitySize !== undefined) service.entityBytes.observe(record.entitySize);
  };
}

function serviceOf(services: Map<string, ServiceTally>, name: string): ServiceTally {
  let service = services.get(name);
  if (service === undefined) {
    service = {
      methods: new Map(),
      scanWaitSeconds: new Histogram(durationBounds),
      entityBytes: new Histogram(sizeBounds),
    };
    services.set(name, service);
  }
  return service;
}

function methodOf({ methods }: ServiceTally, name: string): MethodTally {
  let method = methods.get(name);
  if (method === undefined) {
    method = { tallies: [], seconds: new Histogram(durationBounds) };
    methods.set(name, method);
  }
  return method;
}

function tallyOf({ tallies }: MethodTally, record: TransactionRecord): Tally {
  const { outcome, cause, icapStatus: status } = record;
  for (const tally of tallies) {
    if (tally.status === status && tally.outcome === outcome && tally.cause === cause) return tally;
  }
  const fresh = { outcome, cause, status, count: 0 };
  tallies.push(fresh);
  return fresh;
}

function exposeTo(registry: MetricsRegistry, services: ReadonlyMap<string, ServiceTally>): void {
  const { transactions, transactionSeconds, scanWaitSeconds, entityBytes } = metricDefinitions;
  const perMethod = (read: (labels: Labels, tally: MethodTally) => readonly Sample[]) => () =>
    [...services].flatMap(([service, { methods }]) =>
      [...methods].flatMap(([method, tally]) => read({ service, method }, tally)),
    );
  registry.expose(
    transactions,
    perMethod((labels, { tallies }) =>
      tallies.map(({ count, ...more }) => ({ labels: { ...labels, ...more }, value: count })),
    ),
  );
  registry.expose(
    transactionSeconds,
    perMethod((labels, { seconds }) => histogramSamples(transactionSeconds.name, labels, seconds)),
  );
  registry.expose(scanWaitSeconds, () =>
    [...services].flatMap(([service, tally]) =>
      histogramSamples(scanWaitSeconds.name, { service }, tally.scanWaitSeconds),
    ),
  );
  registry.expose(entityBytes, () =>
    [...services].flatMap(([service, tally]) =>
      histogramSamples(entityBytes.name, { service }, tally.entityBytes),
    ),
  );
}
