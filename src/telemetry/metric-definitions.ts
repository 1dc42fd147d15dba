/** A metric as Prometheus sees it. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** How the values of several worker processes become one; `sum` when left out. */
  readonly aggregator?: "sum" | "min" | "max";
}

/** Every metric that Sluice adds to those of the process; docs/metrics.md lists them by test. */
export const metricDefinitions = {
  transactions: {
    name: "sluice_transactions_total",
    type: "counter",
    help: "Ended transactions. status is that of the ICAP answer, 0 when none was sent.",
    labels: ["service", "method", "outcome", "cause", "status"],
  },
  transactionSeconds: {
    name: "sluice_transaction_duration_seconds",
    type: "histogram",
    help: "Time from the first byte of a request to the last byte of its answer.",
    labels: ["service", "method"],
  },
  scanWaitSeconds: {
    name: "sluice_scan_wait_seconds",
    type: "histogram",
    help: "Part of the duration of a transaction spent waiting for scanners.",
    labels: ["service"],
  },
  entityBytes: {
    name: "sluice_entity_bytes",
    type: "histogram",
    help: "Size of the bodies of messages.",
    labels: ["service"],
  },
  transactionsInFlight: {
    name: "sluice_transactions_in_flight",
    type: "gauge",
    help: "Transactions that have begun and not ended.",
    labels: [],
  },
  protocolErrors: {
    name: "sluice_protocol_errors_total",
    type: "counter",
    help: "Requests that break the protocol, by code of the error registry.",
    labels: ["code"],
  },
  connectionsOpen: {
    name: "sluice_connections_open",
    type: "gauge",
    help: "Connections that are open.",
    labels: [],
  },
  connections: {
    name: "sluice_connections_total",
    type: "counter",
    help: "Connections accepted.",
    labels: [],
  },
  connectionsRefused: {
    name: "sluice_connections_refused_total",
    type: "counter",
    help: "Connections closed without being served.",
    labels: ["reason"],
  },
  receivedBytes: {
    name: "sluice_received_bytes_total",
    type: "counter",
    help: "Bytes of ICAP received, after TLS.",
    labels: [],
  },
  sentBytes: {
    name: "sluice_sent_bytes_total",
    type: "counter",
    help: "Bytes of ICAP sent, before TLS.",
    labels: [],
  },
  spoolMemoryBytes: {
    name: "sluice_spool_memory_bytes",
    type: "gauge",
    help: "Memory held by bodies.",
    labels: [],
  },
  spoolDiskBytes: {
    name: "sluice_spool_disk_bytes",
    type: "gauge",
    help: "Disk space held by bodies.",
    labels: [],
  },
  scannerVerdicts: {
    name: "sluice_scanner_verdicts_total",
    type: "counter",
    help: "Judgements of scanners.",
    labels: ["scanner", "verdict"],
  },
  scannerSeconds: {
    name: "sluice_scanner_duration_seconds",
    type: "histogram",
    help: "Time that a scanner takes for one entity.",
    labels: ["scanner"],
  },
  scannerRetries: {
    name: "sluice_scanner_retries_total",
    type: "counter",
    help: "Scans that another attempt could help, by what became of it.",
    labels: ["scanner", "result"],
  },
  scannerProbes: {
    name: "sluice_scanner_probes_total",
    type: "counter",
    help: "Probes of endpoints of remote scanners.",
    labels: ["scanner", "result"],
  },
  scannerEjections: {
    name: "sluice_scanner_ejections_total",
    type: "counter",
    help: "Times that an endpoint was left alone for a while.",
    labels: ["scanner", "reason"],
  },
  scannerEpochs: {
    name: "sluice_scanner_epoch_changes_total",
    type: "counter",
    help: "Times that a scanner showed an epoch that was not known.",
    labels: ["scanner"],
  },
  scannerEndpointUp: {
    name: "sluice_scanner_endpoint_up",
    type: "gauge",
    help: "1 for an endpoint whose last probe was answered.",
    labels: ["scanner", "url", "address"],
    aggregator: "min",
  },
  scannerEndpointEjected: {
    name: "sluice_scanner_endpoint_ejected",
    type: "gauge",
    help: "1 for an endpoint that is left alone for a while.",
    labels: ["scanner", "url", "address"],
    aggregator: "max",
  },
  scannerEndpointRequests: {
    name: "sluice_scanner_endpoint_requests_in_flight",
    type: "gauge",
    help: "Requests to an endpoint that have begun and not ended.",
    labels: ["scanner", "url", "address"],
  },
  shadowVerdicts: {
    name: "sluice_shadow_verdicts_total",
    type: "counter",
    help: "Judgements of scanners in shadow, beside the verdict that counted.",
    labels: ["service", "scanner", "verdict", "counted"],
  },
  optionalFailures: {
    name: "sluice_optional_failures_total",
    type: "counter",
    help: "Scans by scanners that a service does not require which gave no opinion.",
    labels: ["service", "scanner", "verdict"],
  },
  cacheReads: {
    name: "sluice_cache_reads_total",
    type: "counter",
    help: "Reads of the verdict cache.",
    labels: ["tier", "result"],
  },
  cacheWrites: {
    name: "sluice_cache_writes_total",
    type: "counter",
    help: "Verdicts that were to be remembered.",
    labels: ["tier", "result"],
  },
  scansAwaited: {
    name: "sluice_scans_awaited_total",
    type: "counter",
    help: "Waits for a scan of the same entity, in this process (pod) or in another (fleet).",
    labels: ["where", "result"],
  },
  scannerAnswers: {
    name: "sluice_scanner_answers_total",
    type: "counter",
    help: "Verdicts of scanners that remember, from the cache or from a scan.",
    labels: ["scanner", "from"],
  },
  cacheEntries: {
    name: "sluice_cache_entries",
    type: "gauge",
    help: "Verdicts held in memory.",
    labels: [],
  },
  cacheBytes: {
    name: "sluice_cache_bytes",
    type: "gauge",
    help: "Memory held by verdicts.",
    labels: [],
  },
  cacheRedisAvailable: {
    name: "sluice_cache_redis_available",
    type: "gauge",
    help: "1 while Redis is asked, 0 while it is not reachable or does not answer. Of several workers, the sum.",
    labels: [],
  },
  workerRestarts: {
    name: "sluice_worker_restarts_total",
    type: "counter",
    help: "Worker processes and scan threads replaced after they died.",
    labels: ["kind"],
  },
  logLinesDropped: {
    name: "sluice_log_lines_dropped_total",
    type: "counter",
    help: "Log lines lost because nobody read them in time.",
    labels: [],
  },
  configApplied: {
    name: "sluice_config_applied_timestamp_seconds",
    type: "gauge",
    help: "When the configuration in force was applied, in seconds since 1970.",
    labels: [],
    aggregator: "max",
  },
  configInfo: {
    name: "sluice_config_info",
    type: "gauge",
    help: "1 for the revision of the configuration in force.",
    labels: ["revision"],
    aggregator: "max",
  },
  configCurrent: {
    name: "sluice_config_current",
    type: "gauge",
    help: "1 when the configuration in force is the latest that was found, 0 when the latest was refused.",
    labels: [],
    aggregator: "min",
  },
  configLoads: {
    name: "sluice_config_loads_total",
    type: "counter",
    help: "Configurations applied or refused.",
    labels: ["result"],
  },
  overrides: {
    name: "sluice_overrides",
    type: "gauge",
    help: "Overrides of operators that hold. Of several workers, the highest number.",
    labels: ["action"],
    aggregator: "max",
  },
  overridesRefused: {
    name: "sluice_overrides_refused_total",
    type: "counter",
    help: "Overrides in Redis that are not believed.",
    labels: ["reason"],
  },
  adminOperations: {
    name: "sluice_admin_operations_total",
    type: "counter",
    help: "Operations asked of the admin API.",
    labels: ["operation", "result"],
  },
  backgroundScans: {
    name: "sluice_background_scans_total",
    type: "counter",
    help: "Entities that a scanner in mode Background had no verdict on, by what was done: a scan was started, joined, not-needed (blocked anyway) or refused (no room).",
    labels: ["service", "scanner", "result"],
  },
  backgroundVerdicts: {
    name: "sluice_background_verdicts_total",
    type: "counter",
    help: "Ended background scans, each on one pod; pending: no verdict in time, error: failed or lost. delivered: somebody was given the entity before.",
    labels: ["service", "scanner", "verdict", "delivered"],
  },
  backgroundHandOvers: {
    name: "sluice_background_hand_overs_total",
    type: "counter",
    help: "Background scans given to other pods, taken over from them, and fenced: ended here when another pod had them.",
    labels: ["how"],
  },
  backgroundScansInFlight: {
    name: "sluice_background_scans_in_flight",
    type: "gauge",
    help: "Background scans under way.",
    labels: [],
  },
  backgroundBytes: {
    name: "sluice_background_bytes",
    type: "gauge",
    help: "Bytes of entities kept for background scans.",
    labels: [],
  },
  events: {
    name: "sluice_events_total",
    type: "counter",
    help: "Events for the webhook that were sent, or are dead: given up, or no room in the queue.",
    labels: ["result"],
  },
  eventRetries: {
    name: "sluice_event_retries_total",
    type: "counter",
    help: "Attempts to send an event after the first.",
    labels: [],
  },
  eventsWaiting: {
    name: "sluice_events_waiting",
    type: "gauge",
    help: "Events not sent yet.",
    labels: [],
  },
  buildInfo: {
    name: "sluice_build_info",
    type: "gauge",
    help: "1 for the version of Sluice and Node that runs.",
    labels: ["version", "node"],
    aggregator: "max",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
