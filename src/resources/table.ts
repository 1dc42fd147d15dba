import { z } from "zod";
import { ClientProfile, OutcomeAction, ServiceMode } from "../services/rules/index.ts";
import { contentHashOfParts } from "./content-hash.ts";
import { tableTemplate } from "./table-template.ts";

type DeepReadonly<T> = T extends (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

const oneOf = <T extends string>(values: Readonly<Record<string, T>>) =>
  z.enum(Object.values(values) as [T, ...T[]]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const action = oneOf(OutcomeAction);
const ms = z.int().min(0);

const keyRef = z.strictObject({ namespace: z.string(), name: z.string(), key: z.string() });

const serviceEntry = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  path: z.string(),
  methods: z.array(z.enum(["REQMOD", "RESPMOD"])),
  preview: z.strictObject({ bytes: z.int().min(0) }),
  rules: z.array(
    z.strictObject({
      name: z.string(),
      when: z.string(),
      action: z.enum(["Skip", "Scan", "Block", "Monitor"]),
      message: z.string().optional(),
    }),
  ),
  scanners: z.array(
    z.strictObject({
      name: z.string(),
      /** Key of an entry of `scanners`; left out when the reference leads nowhere. */
      scanner: z.string().optional(),
      /** Why there is no scanner: each of its verdicts is `error`. */
      unresolved: z.string().optional(),
      mode: z.enum(["Hold", "Background", "Shadow"]),
      role: z.enum(["Judge", "Modifier"]),
      required: z.boolean(),
      timeoutMs: ms,
      policy: z.string().optional(),
    }),
  ),
  combine: z.strictObject({
    strategy: z.enum(["AnyBlocks", "First", "Quorum", "Score"]),
    quorumCount: z.int().optional(),
    thresholdPercent: z.int().optional(),
  }),
  limits: z.strictObject({
    maxEntityBytes: z.int().min(1),
    transactionTimeoutMs: ms,
    maxConnections: z.int().optional(),
  }),
  on: z.strictObject({
    error: action,
    timeout: action,
    oversize: action,
    unscannable: action,
    suspicious: action,
    unknown: action,
    pending: action,
  }),
  block: z.strictObject({
    status: z.int(),
    /** Key of an entry of `pages`; left out for the built-in page. */
    page: sha256.optional(),
    contact: z.string().optional(),
  }),
  clientProfile: oneOf(ClientProfile),
  mode: oneOf(ServiceMode),
  allowedClients: z.array(z.string()),
  shareIdentity: z.array(z.enum(["Logs", "Scanners"])),
  violationsHeader: z.enum(["Omit", "Send"]),
  cache: z.strictObject({ cleanTtlMs: ms, blockedTtlMs: ms }),
  /** Changes exactly when an answer to the same message could change; feeds the ISTag. */
  generation: sha256,
});

const limits = z.strictObject({
  concurrency: z.int(),
  queue: z.int(),
  rate: z.strictObject({ count: z.int(), perMs: ms }).optional(),
});

const circuitBreaker = z.strictObject({ failures: z.int(), openForMs: ms, silentAfterMs: ms });

/** How to reach a scanner elsewhere and prove who asks. */
const credentials = {
  tls: z
    .strictObject({
      /** One of these; `pem` is what a ConfigMap held. */
      ca: z
        .strictObject({
          pem: z.string().optional(),
          configMap: keyRef.optional(),
          secret: keyRef.optional(),
        })
        .optional(),
      clientCertificate: z.strictObject({ namespace: z.string(), name: z.string() }).optional(),
      serverName: z.string().optional(),
      minVersion: z.enum(["TLSv1.2", "TLSv1.3"]),
    })
    .optional(),
  auth: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("Bearer"), token: keyRef }),
      z.strictObject({ type: z.literal("Basic"), username: z.string(), password: keyRef }),
      z.strictObject({ type: z.literal("Header"), name: z.string(), value: keyRef }),
    ])
    .optional(),
};

const scanV1 = z.strictObject({
  type: z.literal("ScanV1"),
  urls: z.array(z.string()),
  limits,
  retry: z.strictObject({ attempts: z.int(), budgetPercent: z.int(), backoffMs: ms }),
  circuitBreaker,
  ...credentials,
});

const icap = z.strictObject({
  type: z.literal("Icap"),
  urls: z.array(z.string()),
  method: z.enum(["Auto", "REQMOD", "RESPMOD"]),
  replaced: z.enum(["Blocked", "Modified"]),
  shares: z.array(z.enum(["Url", "Identity"])),
  maxBytes: z.int().min(1).optional(),
  limits,
  retry: z.strictObject({ attempts: z.int(), budgetPercent: z.int(), backoffMs: ms }),
  circuitBreaker,
  ...credentials,
});

const template = z.strictObject({
  type: z.literal("Template"),
  template: tableTemplate,
  /** Where its secrets are, by name. */
  secrets: z.record(z.string(), keyRef),
  limits,
  retry: z.strictObject({ attempts: z.int(), budgetPercent: z.int(), backoffMs: ms }),
  circuitBreaker,
  ...credentials,
});

const embedded = z.strictObject({
  type: z.literal("Embedded"),
  limits,
  rulesDirectory: z.string().optional(),
  hashList: z.string().optional(),
});

const scannerEntry = z.strictObject({
  /** `IcapScanner/namespace/name` or `ClusterIcapScanner/name`. */
  key: z.string(),
  name: z.string(),
  protocol: z.discriminatedUnion("type", [embedded, scanV1, icap, template]),
  /** Why it cannot work, such as a missing Secret: each of its verdicts is `error`. */
  unresolved: z.string().optional(),
  /** Identity of the configuration: an equal hash means that a running scanner can be kept. */
  hash: sha256,
});

const routingTable = z.strictObject({
  format: z.literal(1),
  gateway: z.string(),
  /** SHA-256 of the rest. */
  revision: sha256,
  /** Sorted by path. */
  services: z.array(serviceEntry),
  /** The scanners that services use, sorted by key. */
  scanners: z.array(scannerEntry),
  /** Templates of block pages by the SHA-256 of their text. */
  pages: z.record(sha256, z.string()),
});

/** The compiled form of all services and scanners of one gateway: plain data, holds no secret. */
export type RoutingTable = DeepReadonly<z.output<typeof routingTable>>;
export type ServiceEntry = RoutingTable["services"][number];
export type ScannerEntry = RoutingTable["scanners"][number];
export type RuleEntry = ServiceEntry["rules"][number];

type Unsealed = Omit<RoutingTable, "revision">;

/** Adds the revision to a table. */
export function sealTable(table: Unsealed): RoutingTable {
  return { ...table, revision: revisionOf(table) };
}

function revisionOf({ format, gateway, services, scanners, pages }: Unsealed): string {
  return contentHashOfParts([{ format, gateway }, ...services, ...scanners, pages]);
}

/**
 * A table that was written by another process, checked: form, revision and that every reference
 * inside it leads somewhere. Returns the reason when it must not be served.
 */
export function readTable(
  text: string,
): { readonly table: RoutingTable } | { readonly refused: string } {
  const json = parseJson(text);
  const parsed = routingTable.safeParse(json);
  if (!parsed.success) {
    return { refused: `not a routing table: ${z.prettifyError(parsed.error).slice(0, 512)}` };
  }
  // The revision is that of the text as it was written, whose order of fields the schema may change.
  if (revisionOf(json as Unsealed) !== parsed.data.revision) {
    return { refused: `the content does not have the revision ${parsed.data.revision}` };
  }
  const dangling = danglingReference(parsed.data);
  return dangling === undefined ? { table: parsed.data } : { refused: dangling };
}

function danglingReference(table: z.output<typeof routingTable>): string | undefined {
  const keys = new Set(table.scanners.map(({ key }) => key));
  for (const { path, scanners, block } of table.services) {
    const lost = scanners.find(({ scanner }) => scanner !== undefined && !keys.has(scanner));
    if (lost !== undefined) {
      return `service ${path} uses scanner ${lost.scanner}, which the table does not hold`;
    }
    if (block.page !== undefined && !Object.hasOwn(table.pages, block.page)) {
      return `service ${path} uses page ${block.page}, which the table does not hold`;
    }
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
