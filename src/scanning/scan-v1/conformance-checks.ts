import { ScanStage } from "../scanner.ts";
import { VerdictKind } from "../verdict.ts";
import { answerOf, epochOf } from "./answer.ts";
import { isAskedAt, takesArriving, wantsContent } from "./scanner-info.ts";
import type { Posted, Said, ScannerProbe } from "./scanner-probe.ts";

/** Undefined: all is right. A text: what is wrong. */
type Finding = string | { readonly skipped: string } | undefined;

export interface ConformanceCheck {
  readonly rule: string;
  readonly check: (scanner: ScannerProbe) => Promise<Finding>;
}

const MiB = 1024 * 1024;
const AT_ONCE = 8;
/** Larger limits than this are not tried out. */
const LARGEST_TRIED = 64 * MiB;
const SHORT_MS = 5000;

const text = Buffer.from("The quick brown fox jumps over the lazy dog.\n");
/** Every byte, in no order that compresses well; the same in each run. */
const binary = Buffer.from(
  Uint8Array.from({ length: MiB }, (_, index) => (index * 2_654_435_761) >>> 24),
);

const everyField: Readonly<Record<string, string>> = {
  "content-type": "text/plain",
  "content-disposition": "attachment; filename=\"cv ?.txt\"; filename*=UTF-8''cv%20%C3%A9.txt",
  prefer: "respond-async, wait=10",
  "scan-id": "CONFORMANCE-1",
  "scan-service": "conformance",
  "scan-direction": "respmod",
  "scan-stage": "full",
  "scan-total-length": String(text.length),
  "scan-url": "http://example.com/cv.txt",
  "scan-detected-type": "text/plain",
  "scan-deadline-ms": "20000",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "scan-from-a-later-version": "1",
};

/** The rules of docs/scan-v1.md that can be seen from outside, in the order in which they are tried. */
export const conformanceChecks: readonly ConformanceCheck[] = [
  { rule: "GET /v1/info is a scan/v1 document, or 404", check: describesItself },
  { rule: "POST /v1/scan gives a verdict on a small entity", check: judges({ content: text }) },
  {
    rule: "it gives a verdict on an empty entity",
    check: judges({ content: Buffer.alloc(0) }),
  },
  { rule: "it gives a verdict on 1 MiB of every byte", check: judgesIfSmallEnough(binary) },
  {
    rule: "it takes every field of scan/v1, and passes over those it does not know",
    check: judges({ content: text, fields: everyField }),
  },
  { rule: "it takes a chunked body, or answers 411", check: takesChunks },
  { rule: "it says the same of the same bytes", check: isSteady },
  { rule: "its epoch stays what it is while it says the same", check: keepsItsEpoch },
  { rule: `it keeps ${AT_ONCE} scans at once apart`, check: keepsApart },
  { rule: "it answers 413 or unscannable above its maxBytes", check: keepsItsLimit },
  { rule: "it answers 415 or unscannable for a type that it rejects", check: keepsItsTypes },
  { rule: "it answers at each stage that it names: continue, or a verdict", check: knowsItsStages },
  { rule: "it answers in time when it has little", check: heedsDeadline },
  { rule: "it goes on after a client that went away", check: survivesClients },
  { rule: "it answers 404 where there is nothing", check: knowsItsPaths },
];

/** For a scanner that wants to know who asks. */
export const refusesStrangers: ConformanceCheck = {
  rule: "it answers 401 or 403 to whoever has no token",
  check: async (scanner) => {
    const { status } = await scanner.post({ content: text });
    return status === 401 || status === 403 ? undefined : `answered ${status}`;
  },
};

async function describesItself(scanner: ScannerProbe): Promise<Finding> {
  const info = await scanner.info();
  return typeof info === "string" ? info : undefined;
}

function judges(posted: Posted): ConformanceCheck["check"] {
  return async (scanner) => wrongIn(await scanner.scan(posted));
}

function judgesIfSmallEnough(content: Buffer): ConformanceCheck["check"] {
  return async (scanner) => {
    const limit = await maxBytesOf(scanner);
    if (content.length > limit) return { skipped: `its maxBytes is ${limit}` };
    return wrongIn(await scanner.scan({ content }));
  };
}

async function takesChunks(scanner: ScannerProbe): Promise<Finding> {
  const info = await scanner.info();
  const known = typeof info === "object" ? info : undefined;
  let isWhole = false;
  const onEnd = (): void => {
    isWhole = true;
  };
  const reply = await scanner.post({ content: text, chunked: { isHeld: true, onEnd } });
  if (reply.status === 411) {
    const isPromised = takesArriving(known);
    return isPromised ? "answered 411, and its info says that it needs no length" : undefined;
  }
  // Whoever takes a chunked body for an empty one would call anything clean.
  const isClean = answerOf(reply).verdict.kind === VerdictKind.Clean;
  if (isClean && !isWhole && wantsContent(known)) return "it called one byte of a body clean";
  return wrongIn(await scanner.scan({ content: text, chunked: {} }));
}

async function keepsItsEpoch(scanner: ScannerProbe): Promise<Finding> {
  const first = await epochsOf(scanner);
  if (first.size === 0) return { skipped: "it has none" };
  if (first.size === 1) return undefined;
  // New signatures may have come between two answers, but not each time.
  const again = await epochsOf(scanner);
  return again.size === 1 ? undefined : [...again].join(", then ");
}

/** Of two answers and of its info; one that says nothing does not count. */
async function epochsOf(scanner: ScannerProbe): Promise<ReadonlySet<string>> {
  const info = await scanner.info();
  const said = [typeof info === "object" ? info.epoch : undefined];
  for (let count = 0; count < 2; count += 1) {
    said.push(epochOf(await scanner.post({ content: text })));
  }
  return new Set(said.filter((epoch) => epoch !== undefined));
}

async function isSteady(scanner: ScannerProbe): Promise<Finding> {
  const [first, second] = [
    await scanner.scan({ content: text }),
    await scanner.scan({ content: text }),
  ];
  const wrong = wrongIn(first) ?? wrongIn(second);
  if (wrong !== undefined) return wrong;
  return wordOf(first) === wordOf(second) ? undefined : `${wordOf(first)}, then ${wordOf(second)}`;
}

async function keepsApart(scanner: ScannerProbe): Promise<Finding> {
  const contents = Array.from({ length: AT_ONCE }, (_, index) =>
    Buffer.from(`${text}${index}`.repeat(100 * (index + 1))),
  );
  const said = await Promise.all(contents.map((content) => scanner.scan({ content })));
  return said.map(wrongIn).find((wrong) => wrong !== undefined);
}

async function keepsItsLimit(scanner: ScannerProbe): Promise<Finding> {
  const limit = await maxBytesOf(scanner);
  if (limit > LARGEST_TRIED) return { skipped: "it names no limit up to 64 MiB" };
  return mustNotJudge(await scanner.scan({ content: Buffer.alloc(limit + 1, "x") }));
}

async function keepsItsTypes(scanner: ScannerProbe): Promise<Finding> {
  const info = await scanner.info();
  const rejected = (typeof info === "object" ? info.types?.reject : undefined)?.[0];
  if (rejected === undefined) return { skipped: "it names no type" };
  const type = rejected.replace("*/*", "text/*").replace("/*", "/x-conformance");
  const fields = { "content-type": type, "scan-detected-type": type };
  return mustNotJudge(await scanner.scan({ content: text, fields }));
}

async function knowsItsStages(scanner: ScannerProbe): Promise<Finding> {
  const info = await scanner.info();
  const stages = BEGINNINGS.filter(({ stage }) => {
    return typeof info === "object" && isAskedAt(stage, info);
  });
  if (stages.length === 0) return { skipped: "it names no stage before the whole entity" };
  for (const { stage, content } of stages) {
    const fields = { "scan-stage": stage, "scan-total-length": "unknown" };
    const { failed, continues, verdict } = answerOf(
      await scanner.post({ content, fields, mayContinue: true }),
    );
    if (failed && continues !== true) return `${stage}: ${verdict.message ?? "failed"}`;
  }
  return undefined;
}

const BEGINNINGS = [
  { stage: ScanStage.Headers, content: Buffer.alloc(0) },
  { stage: ScanStage.Preview, content: text.subarray(0, 16) },
] as const;

async function heedsDeadline(scanner: ScannerProbe): Promise<Finding> {
  const fields = { "scan-deadline-ms": "50", prefer: "wait=0" };
  const signal = AbortSignal.timeout(SHORT_MS);
  const { status } = await scanner.post({ content: text, fields, signal });
  return [200, 202, 408, 503, 504].includes(status) ? undefined : `answered ${status}`;
}

async function survivesClients(scanner: ScannerProbe): Promise<Finding> {
  const leaving = Array.from({ length: AT_ONCE }, () =>
    scanner.post({ content: binary, signal: AbortSignal.timeout(1) }).catch(() => undefined),
  );
  await Promise.all(leaving);
  return wrongIn(await scanner.scan({ content: text }));
}

async function knowsItsPaths(scanner: ScannerProbe): Promise<Finding> {
  const { status } = await scanner.get("/v1/no-such-thing");
  return status === 404 ? undefined : `answered ${status}`;
}

async function maxBytesOf(scanner: ScannerProbe): Promise<number> {
  const info = await scanner.info();
  const named = typeof info === "object" && wantsContent(info) ? info.maxBytes : undefined;
  return named ?? Number.POSITIVE_INFINITY;
}

function wrongIn(said: Said): string | undefined {
  return typeof said === "string" ? said : undefined;
}

function wordOf(said: Said): string {
  return typeof said === "string" ? said : said.kind;
}

function mustNotJudge(said: Said): string | undefined {
  const word = wordOf(said);
  return word === VerdictKind.Unscannable ? undefined : `it said ${word}`;
}
