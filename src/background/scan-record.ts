import { z } from "zod";

const text = z.string().optional();

const scanRecord = z.strictObject({
  form: z.literal(1),
  /** Of this scan and of what is told of its end, on whatever pod that comes. */
  id: z.string(),
  /** Key of the scanner in the routing table. */
  scannerKey: z.string(),
  /** The name under which the service lists it. */
  scanner: z.string(),
  service: z.string(),
  /** Of the scanner when the scan began. */
  epoch: z.string(),
  /** Likewise, of its configuration. */
  identity: text,
  entity: z.strictObject({
    sha256: z.string(),
    size: z.number(),
    declaredType: text,
    fileName: text,
  }),
  /** What the verdict may depend on beside the entity. */
  context: z.strictObject({
    url: text,
    host: text,
    policy: text,
    identity: z
      .strictObject({ user: text, address: text, groups: z.array(z.string()).optional() })
      .optional(),
    cacheTtl: z.strictObject({ cleanMs: z.number(), blockedMs: z.number() }).optional(),
  }),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  /** When its verdict is waited for no more. */
  expiresAt: z.number(),
  /** What the scanner finds the scan by; left out while it is being given the bytes. */
  job: text,
});

/** A scan in the background, as pods tell each other of it. */
export type ScanRecord = Readonly<z.output<typeof scanRecord>>;

/** Longer ones are kept by one process alone: Redis is no place for them. */
const MAX_RECORD_BYTES = 65_536;

/** Undefined when it is too long to be shared. */
export function encodeRecord(record: ScanRecord): Buffer | undefined {
  const bytes = Buffer.from(JSON.stringify(record));
  return bytes.length > MAX_RECORD_BYTES ? undefined : bytes;
}

/** What `encodeRecord` made; undefined for anything else. */
export function decodeRecord(bytes: Buffer): ScanRecord | undefined {
  try {
    return scanRecord.safeParse(JSON.parse(bytes.toString())).data;
  } catch {
    return undefined;
  }
}
