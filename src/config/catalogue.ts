import {
  address,
  addresses,
  choice,
  count,
  countOrAuto,
  duration,
  file,
  networks,
  paths,
  redisUrl,
  type Setting,
  size,
  text,
  toggle,
  webUrl,
} from "./setting.ts";
import { Action, type ListenAddress, type RedisTarget, type Settings } from "./settings.ts";

/** What a setting holds; everything else in `Settings` is a section. */
type Value =
  | string
  | number
  | boolean
  | readonly unknown[]
  | ListenAddress
  | RedisTarget
  | undefined;

/** The tree of settings in the shape of `Settings`: the compiler holds the two together. */
export type Catalogue<T> = {
  readonly [K in keyof T]: T[K] extends Value ? Setting<T[K]> : Catalogue<T[K]>;
};

const actions = Object.values(Action);
/** Timers of Node count to 2^31 ms, a little more than 24 days. */
const longestTimer = 24 * 86_400_000;
const timer = { min: 1, max: longestTimer };
const onDescription = (what: string): string =>
  `What happens to a message when ${what}: it passes (\`Allow\`), the user gets the block page (\`Block\`), or the ICAP client gets an ICAP error (\`Error\`).`;

/** Every setting of the process: the one place for names, forms, defaults, bounds and meanings. */
export const catalogue: Catalogue<Settings> = {
  listen: {
    icap: addresses(
      [":1344"],
      "Where ICAP is served. Without a host: all addresses, IPv6 and IPv4.",
    ),
    icaps: addresses(
      [":11344"],
      "Where ICAP over TLS is served, once `listen.tls.certFile` is set.",
    ),
    tls: {
      certFile: file("Certificate chain (PEM). Read again when the file changes."),
      keyFile: file("Private key of the certificate (PEM). Read again when the file changes."),
      clientCaFile: file(
        "Certificate authorities (PEM) of ICAP clients; when set, a client without a certificate of theirs is refused.",
      ),
      minVersion: choice(["TLSv1.2", "TLSv1.3"], "TLSv1.2", "Oldest TLS version that is accepted."),
    },
    proxyProtocol: {
      trusted: networks(
        [],
        "Networks of load balancers whose PROXY protocol preface (v1 or v2) is required and believed.",
      ),
    },
  },
  limits: {
    maxConnections: count(
      10_000,
      "Connections open at once in one worker; one more is answered 503 and closed.",
      { min: 1, max: 1_000_000 },
    ),
    maxConnectionsPerClient: count(
      1000,
      "Connections open at once from one address; one more is answered 503 and closed.",
      { min: 1, max: 1_000_000 },
    ),
    headTimeout: duration("30s", "Time for the head of a request, from its first byte.", timer),
    bodyTimeout: duration("60s", "Longest pause between two pieces of a body.", timer),
    idleTimeout: duration(
      "10m",
      "Time that a connection may stay open with no request on it.",
      timer,
    ),
    writeTimeout: duration(
      "60s",
      "Longest time in which the ICAP client reads nothing of an answer.",
      timer,
    ),
    halfClosedTimeout: duration(
      "60s",
      "Time for the answer to an ICAP client that has closed its side of the connection: it may be waiting, or gone.",
      timer,
    ),
    maxRequestsPerConnection: count(
      100_000,
      "Requests on one connection before it is closed; 0 means no limit.",
      { max: 1_000_000_000 },
    ),
    maxConnectionAge: duration(
      "1h",
      "Age at which a connection is closed after its current answer, give or take 10 %, so that clients spread anew over pods; 0 means no limit.",
      { max: longestTimer },
    ),
    tcpKeepAlive: duration(
      "60s",
      "Silence after which TCP asks whether the peer is still there; 0 turns it off.",
      { max: longestTimer },
    ),
    transactionTimeout: duration(
      "60s",
      "Time for a transaction, from its first byte to its answer. Set it below the timeout of your ICAP client.",
      timer,
    ),
  },
  wire: {
    requestLineBytes: size("8Ki", "Longest ICAP request line.", { min: 256, max: 65_536 }),
    headBytes: size("64Ki", "Largest ICAP head.", { min: 1024, max: 1_048_576 }),
    headFields: count(100, "Most fields of one ICAP head.", { min: 10, max: 1000 }),
    encapsulatedBytes: size("256Ki", "Largest sum of the encapsulated HTTP heads.", {
      min: 4096,
      max: 4_194_304,
    }),
    chunkLineBytes: size("4Ki", "Longest line with the size of a chunk.", { min: 64, max: 65_536 }),
    trailerBytes: size("16Ki", "Largest block of trailers after a body.", { max: 1_048_576 }),
    previewBytes: size("64Ki", "Largest preview that is accepted.", { max: 1_048_576 }),
    pipelined: count(
      32,
      "Requests on one connection that may wait for their turn before reading stops.",
      { min: 1, max: 1024 },
    ),
  },
  spool: {
    memoryBytes: size("2Mi", "Part of one body that is kept in memory; more goes to a file.", {
      max: 2 ** 30,
    }),
    memoryBudget: size(
      "64Mi",
      "Memory of all bodies of a worker together; at the limit bodies go to files early.",
      { min: 1_048_576 },
    ),
    diskBudget: size(
      "8Gi",
      "Disk space of all bodies of a worker together; a body for which there is no more counts as `error`.",
    ),
    directory: file(
      "Where spool files are made; the temporary directory of the system by default.",
    ),
  },
  scan: {
    maxEntityBytes: size(
      "100Mi",
      "Largest body that is scanned; `services.on.oversize` decides about larger ones. With resource files: largest one that an embedded scanner takes; larger ones are unscannable.",
      { min: 1 },
    ),
    timeout: duration(
      "20s",
      "Time for the scan of one entity; `services.on.timeout` decides what then happens. With resource files: longest scan of an embedded scanner, whatever time its service gives it.",
      timer,
    ),
    overlapBytes: size(
      "2Mi",
      "From so many bytes on, a body is sent to `ScanV1` scanners while it still arrives; `0`: never.",
    ),
    workers: countOrAuto("auto", "Threads that scan; `auto` means one per core.", {
      min: 1,
      max: 1024,
    }),
    rulesDirectory: file(
      "Directory of YARA rules (`*.yar`); the rules that come with Sluice by default.",
    ),
    hashList: file("File of SHA-256 hashes that are blocked, one a line."),
    archive: {
      depth: count(8, "Archives within archives that are opened.", { min: 1, max: 64 }),
      entries: count(10_000, "Entries of one archive that are looked at.", {
        min: 1,
        max: 1_000_000,
      }),
      totalBytes: size("256Mi", "Bytes unpacked from one entity, all levels together.", { min: 1 }),
      entryBytes: size("64Mi", "Bytes of one unpacked entry.", { min: 1 }),
      ratio: count(200, "Unpacked bytes for each packed byte, above which it is a bomb.", {
        min: 2,
        max: 1_000_000,
      }),
      cpuTime: duration("10s", "Computing time spent on one archive.", timer),
    },
  },
  resources: {
    files: paths(
      [],
      "Files and directories with `IcapService` and `IcapScanner` resources (YAML, JSON), also given by `-f`; read again when they change. Without any: the built-in services, which alone `services.preview`, `.on`, `.block`, `.violationsHeader`, `.logIdentity` and `scan.rulesDirectory`, `.hashList` describe.",
    ),
    poll: duration("2s", "How often resource files are looked at for a change.", {
      min: 100,
      max: 3_600_000,
    }),
  },
  cache: {
    enabled: toggle(true, "Whether verdicts are remembered (docs/cache.md)."),
    memory: size("64Mi", "Memory of one worker for verdicts.", { min: 65_536, max: 2 ** 34 }),
    memoryTtl: duration(
      "1m",
      "With Redis: how long a worker answers out of its memory before it asks Redis again.",
      { min: 1, max: 3_600_000 },
    ),
    hmacKeyFile: file(
      "Keys that authenticate what lies in Redis, one a line, the same on every pod: the first signs, all verify. Without it, whoever can write to Redis can let malware pass.",
    ),
    redis: {
      url: redisUrl(
        "Where verdicts are shared between pods: `redis://host:6379/0`, `rediss://` for TLS, `redis-sentinel://a,b,c#mymaster`, `redis-cluster://a,b,c`; a user name goes before the hosts. Without it each worker remembers for itself.",
      ),
      passwordFile: file("Password for Redis. Read again when Redis refuses it."),
      sentinelPasswordFile: file("Password for the sentinels. Read again likewise."),
      caFile: file("Certificate authorities (PEM) of Redis; those of the system by default."),
      certFile: file("Client certificate (PEM) for Redis."),
      keyFile: file("Private key of the client certificate (PEM)."),
      prefix: text("Before each key in Redis; `sluice:` by default."),
      readTimeout: duration(
        "10ms",
        "How long Redis may take to answer; after that the verdict counts as unknown and is scanned.",
        { min: 1, max: 1000 },
      ),
      connectTimeout: duration("2s", "How long a connection to Redis may take.", {
        min: 10,
        max: 60_000,
      }),
    },
  },
  background: {
    maxScans: count(
      1000,
      "Scans of `mode: Background` under way in one worker; for one more there is no room: `error`.",
      { min: 1, max: 100_000 },
    ),
    maxBytes: size(
      "256Mi",
      "Bytes of one worker that wait for scanners of `mode: Background`; they count in `spool.memoryBudget` and `spool.diskBudget` too.",
      { min: 1_048_576 },
    ),
    uploads: count(
      16,
      "Entities that one worker gives to scanners of `mode: Background` at once.",
      { min: 1, max: 1000 },
    ),
  },
  events: {
    webhook: {
      url: webUrl(
        "Where verdicts that come after the answer are told, as CloudEvents (docs/events.md). Without it nobody is told.",
      ),
      tokenFile: file(
        "Bearer token for the webhook. Read with each attempt, so that it can be replaced.",
      ),
      caFile: file("Certificate authorities (PEM) of the webhook; those of the system by default."),
      timeout: duration("10s", "Time for one attempt to send an event.", {
        min: 100,
        max: 300_000,
      }),
      verdicts: choice(
        ["Threats", "All"],
        "Threats",
        "Which late verdicts are told: `blocked` and `suspicious`, or all, failures among them.",
      ),
    },
  },
  secrets: {
    directory: file(
      "Where the values lie that scanners' references to Secrets stand for: one file each, `NAMESPACE/NAME/KEY`, as mounted Secrets have them. They are looked at every `resources.poll`.",
    ),
  },
  services: {
    preview: size("4096", "Bytes of a body that clients are asked to send first."),
    optionsTtl: duration("10m", "How long clients may rely on the answer to OPTIONS.", {
      min: 1000,
      max: 365 * 86_400_000,
    }),
    maxConnections: countOrAuto(
      "auto",
      "Connections that each client is told to open at most; `auto` means `limits.maxConnectionsPerClient`.",
      { min: 1, max: 1_000_000 },
    ),
    on: {
      error: choice(actions, "Block", onDescription("a scanner fails")),
      timeout: choice(actions, "Block", onDescription("a scan takes too long")),
      oversize: choice(
        actions,
        "Block",
        onDescription("a body is larger than `scan.maxEntityBytes`"),
      ),
      unscannable: choice(
        actions,
        "Block",
        onDescription("a body cannot be looked into: encrypted, malformed, beyond `scan.archive`"),
      ),
      suspicious: choice(
        actions,
        "Allow",
        onDescription("a scanner suspects, but does not condemn"),
      ),
      unknown: choice(actions, "Allow", onDescription("no scanner has an opinion")),
    },
    violationsHeader: toggle(
      false,
      "Whether answers carry `X-Violations-Found` beside `X-Infection-Found`.",
    ),
    logIdentity: toggle(
      false,
      "Whether log lines of the built-in services name the end user (`X-Client-IP`, user, groups).",
    ),
    block: {
      status: count(403, "HTTP status of the block page.", { min: 400, max: 599 }),
      templateFile: file("HTML template that replaces the block page."),
      contact: text("Whom the block page names for questions: a name, address or URL."),
    },
  },
  admin: {
    address: address(
      "127.0.0.1:9344",
      "Where health and metrics are served over HTTP, without authentication, and the API for operators (docs/cache-operations.md). Empty: nowhere.",
    ),
    tls: {
      certFile: file(
        "Certificate chain (PEM) of the admin port, which then speaks HTTPS alone. Read again when the file changes.",
      ),
      keyFile: file("Private key of the certificate (PEM). Read again when the file changes."),
    },
    tokenFile: file(
      "Bearer tokens for the API of the admin port, one a line, with the name of its owner before it or without. Read again when it changes. Without it the API is off.",
    ),
  },
  log: {
    level: choice(
      ["debug", "info", "warn", "error", "silent"],
      "info",
      "Least severe level that is written.",
    ),
    transactions: toggle(true, "Whether each transaction writes a line (at level `info`)."),
    banner: toggle(
      true,
      "Whether a few lines for people are written to standard error at the start; the log goes to standard output.",
    ),
  },
  workers: countOrAuto(1, "Processes that serve; `auto` means one per core.", {
    min: 1,
    max: 1024,
  }),
  drain: {
    delay: duration(
      "5s",
      "After SIGTERM: time for which new connections are still accepted, until load balancers have noticed.",
      { max: 3_600_000 },
    ),
    timeout: duration(
      "30s",
      "Time for the transactions under way to end, after which they are aborted.",
      { max: 86_400_000 },
    ),
    idleSpread: duration("5s", "Time over which idle connections are closed, one by one.", {
      max: 3_600_000,
    }),
  },
};
