import type { Entity } from "../../src/entity/index.ts";
import {
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  readContent,
  SPOOL_DEFAULTS,
  SpoolStore,
} from "../../src/entity/index.ts";
import type { IcapRequest } from "../../src/protocol/index.ts";
import {
  errorVerdict,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictReason,
} from "../../src/scanning/index.ts";
import {
  BlockPages,
  Message,
  NEEDS_MORE,
  type Outcome,
  type ReceivedBody,
  ScanService,
  type ScanServiceOptions,
} from "../../src/services/index.ts";
import { TempDirectory } from "./temp-directory.ts";
import { head } from "./wire-text.ts";

/** What the scanner of these tests looks for. */
export const marker = "MALICIOUS";

/** Blocks whatever holds the marker, and remembers what it was shown. */
export class MarkerScanner implements Scanner {
  readonly name = "marker";
  epoch = "1";
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly seen: Pick<Entity, "fileName" | "declaredType" | "detectedType" | "sha256">[] = [];
  readonly texts: string[] = [];

  async scan(entity: Entity, _context: ScanContext): Promise<Verdict> {
    const pieces: Buffer[] = [];
    for await (const piece of readContent(entity.content)) pieces.push(Buffer.from(piece));
    const text = Buffer.concat(pieces).toString("latin1");
    this.seen.push(entity);
    this.texts.push(text);
    if (text.includes("FAILS")) return errorVerdict(VerdictReason.EngineError, "told to fail");
    return text.includes(marker)
      ? { kind: "blocked", reason: VerdictReason.Malware, threats: [{ name: "Test.Marker" }] }
      : { kind: "clean", threats: [] };
  }

  async close(): Promise<void> {}
}

export interface MessageText {
  readonly method?: "REQMOD" | "RESPMOD";
  readonly url?: string;
  /** Fields of the HTTP head that describes the entity. */
  readonly fields?: readonly string[];
  readonly body?: string | Buffer;
}

/** Runs one message through a service as a transaction does, without a connection. */
export class ScanBench {
  readonly scanner = new MarkerScanner();
  readonly #directory = new TempDirectory();
  #store: SpoolStore | undefined;

  async open(): Promise<void> {
    this.#store = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: this.#directory.path });
  }

  async close(): Promise<void> {
    await this.#store?.close();
    this.#directory.remove();
  }

  get heldBytes(): number {
    const { budget } = this.#opened;
    return budget.memoryBytes + budget.diskBytes;
  }

  service(changes: Partial<ScanServiceOptions> = {}): ScanService {
    return new ScanService({
      name: "tested",
      namespace: "default",
      path: "/tested",
      methods: ["REQMOD", "RESPMOD"],
      previewBytes: 1024,
      ttlSeconds: 300,
      maxConnections: 10,
      partial: false,
      generation: "1",
      rules: [],
      scanner: this.scanner,
      extractor: new EntityExtractor(this.#opened, {
        ...EXTRACTION_DEFAULTS,
        maxDecodedBytes: 100_000,
      }),
      maxEntityBytes: 1_000_000,
      transactionTimeoutMs: 1000,
      recordsIdentity: false,
      sharesIdentity: false,
      allowedClients: [],
      on: {
        error: "Block",
        timeout: "Block",
        oversize: "Block",
        unscannable: "Block",
        suspicious: "Allow",
        unknown: "Allow",
        pending: "Block",
      },
      mode: "Enforce",
      clientProfile: "Browser",
      pages: new BlockPages({}),
      violations: false,
      via: "sluice",
      ...changes,
    });
  }

  /** Decided at the heads; with `preview`, at these first bytes of the body. */
  decide(service: ScanService, text: MessageText, preview?: number): Outcome | typeof NEEDS_MORE {
    const bytes = bytesOf(text).subarray(0, preview ?? 0);
    const examination = service.examine(messageOf(text), source);
    const atHeads = examination.decide(undefined);
    return atHeads !== NEEDS_MORE || preview === undefined ? atHeads : examination.decide(bytes);
  }

  /** The outcome at whatever moment it is known, with the first bytes as a preview where given. */
  async outcome(
    service: ScanService,
    text: MessageText,
    {
      preview,
      signal = new AbortController().signal,
    }: { preview?: number; signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    const body = bytesOf(text);
    const examination = service.examine(messageOf(text), source);
    let outcome = examination.decide(undefined);
    if (outcome === NEEDS_MORE && preview !== undefined) {
      outcome = examination.decide(body.subarray(0, preview));
    }
    if (outcome !== NEEDS_MORE) return outcome;
    const spool = this.#opened.create(service.maxEntityBytes);
    spool.append(body, 0, body.length);
    const finished = await spool.finish();
    const received: ReceivedBody = finished.ok
      ? { kind: "complete", body: finished.body }
      : { kind: "failed", failure: finished.failure };
    outcome = await examination.judge(
      text.body === undefined ? { kind: "none" } : received,
      signal,
    );
    spool.dispose();
    return outcome;
  }

  get #opened(): SpoolStore {
    if (this.#store === undefined) throw new Error("open it first");
    return this.#store;
  }
}

const source = { peer: "192.0.2.1", incidentId: "TEST-TEST-TEST-TEST" };

export function messageOf({ method = "RESPMOD", url, fields = [], body }: MessageText): Message {
  const isRequest = method === "REQMOD";
  const target = url ?? "http://files.example/download";
  const icap: IcapRequest = {
    method,
    uri: { path: "/tested", query: "" },
    fields: [],
    encapsulated: {
      requestHeadBytes: 1,
      responseHeadBytes: isRequest ? 0 : 1,
      body: body === undefined ? "null-body" : isRequest ? "req-body" : "res-body",
    },
    previewBytes: -1,
    allows204: true,
    allows206: false,
    closes: false,
  };
  const request = head(
    `${isRequest ? "POST" : "GET"} ${target} HTTP/1.1`,
    "Accept: application/json",
    ...(isRequest ? fields : []),
  );
  return new Message(icap, request, isRequest ? "" : head("HTTP/1.1 200 OK", ...fields));
}

function bytesOf({ body = "" }: MessageText): Buffer {
  return typeof body === "string" ? Buffer.from(body, "latin1") : body;
}
