import type { IcapAnswer, IcapClient } from "../client/index.ts";
import type { Entity, FinishResult, Spool } from "../entity/index.ts";
import {
  CacheScope,
  errorVerdict,
  type RemoteScannerOptions,
  type Replacement,
  Retries,
  type ScanContext,
  type Scanner,
  type Threat,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../scanning/index.ts";
import type { EndpointMetrics } from "../telemetry/index.ts";
import { readAnswer, tagOf } from "./adapted-answer.ts";
import { AnswerBody } from "./answer-body.ts";
import {
  type AdaptationMethod,
  bodyOf,
  type OutgoingMessage,
  outgoingMessage,
  type SharedFact,
} from "./outgoing-message.ts";
import { isWorthARetry, Peer, reasonOf } from "./peer.ts";

export interface IcapScannerOptions extends RemoteScannerOptions {
  /** `icap://host:port/service` or `icaps://…`, of equal replicas. */
  readonly urls: readonly string[];
  /** `Auto`: as the transaction, or what the server offers where it offers one of them only. */
  readonly method: "Auto" | AdaptationMethod;
  /** What other content is, where nothing says that it is a block page. */
  readonly replaced: "Blocked" | "Modified";
  readonly shares: readonly SharedFact[];
  /** Entities above this are not sent: many servers let pass unscanned what is too big for them. */
  readonly maxBytes: number;
  /** Keeps the body of an answer of at most so many bytes. */
  readonly newSpool: (maxBytes: number) => Spool;
  readonly probeEveryMs?: number;
  readonly metrics: EndpointMetrics;
}

const PROBE_EVERY_MS = 30_000;
/** Epoch of a server that has not told its ISTag. */
const UNKNOWN_EPOCH = "unknown";
/** A block page, or content that grew. */
const MIN_ANSWER_BYTES = 1024 * 1024;
const ANSWER_FACTOR = 4;

/**
 * Another ICAP server as a scanner. Resolves when each server was asked once for its options; one
 * that does not answer is logged, and asked again.
 */
export async function createIcapScanner(options: IcapScannerOptions): Promise<Scanner> {
  const { urls, connections, credentials, circuitBreaker, logger, metrics, name } = options;
  const probeEveryMs = options.probeEveryMs ?? PROBE_EVERY_MS;
  const common = { connections, credentials, circuitBreaker, probeEveryMs, logger, metrics };
  const peers = urls.map((url) => new Peer({ url, scanner: name, ...common }));
  await Promise.all(peers.map((peer) => peer.start()));
  return new IcapScanner(peers, options);
}

interface Subject {
  readonly entity: Entity;
  readonly context: ScanContext;
}

class IcapScanner implements Scanner {
  readonly name: string;
  readonly maxBytes: number;
  readonly cacheScope: CacheScope;
  readonly #peers: readonly Peer[];
  readonly #options: IcapScannerOptions;
  readonly #retries: Retries;
  readonly #ends: (() => void)[];
  #isClosed = false;

  constructor(peers: readonly Peer[], options: IcapScannerOptions) {
    this.name = options.name;
    this.maxBytes = options.maxBytes;
    this.cacheScope = scopeOf(options.shares);
    this.#peers = peers;
    this.#options = options;
    const { retry, metrics } = options;
    this.#retries = new Retries({ scanner: this.name, retry, metrics });
    this.#ends = [metrics.watchEndpoints(this.name, () => peers.map(({ state }) => state))];
    const end = options.onCredentials?.((credentials) => {
      for (const peer of peers) peer.replaceCredentials(credentials);
    });
    if (end !== undefined) this.#ends.push(end);
  }

  /** The tags of all servers: while signatures are rolled out, neither the old nor the new alone. */
  get epoch(): string {
    const tags = this.#peers.map(({ istag }) => istag).filter((tag) => tag !== undefined);
    return tags.length === 0 ? UNKNOWN_EPOCH : [...new Set(tags)].sort().join(",");
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const verdict = await this.#scan({ entity, context });
    if (verdict.kind === VerdictKind.Error) {
      const { reason, message: why } = verdict;
      this.#options.logger.debug("scanner gave no verdict", { scanner: this.name, reason, why });
    }
    return verdict;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#ends.splice(0)) end();
    for (const peer of this.#peers) peer.close();
  }

  async #scan(subject: Subject): Promise<Verdict> {
    if (subject.entity.size > this.maxBytes) {
      return unscannableVerdict(VerdictReason.Size, `over ${this.maxBytes} bytes`);
    }
    const { signal } = subject.context;
    const tried = new Set<Peer>();
    let last: Verdict | undefined;
    this.#retries.scanBegan();
    while (tried.size < this.#retries.maxAttempts) {
      const peer = await this.#next(tried, signal);
      if (signal.aborted || this.#isClosed) return this.#stopped();
      if (peer === undefined) break;
      tried.add(peer);
      const answer = await this.#askOnce(peer, subject);
      if (!answer.retry) return answer.verdict;
      last = answer.verdict;
    }
    return last ?? errorVerdict(VerdictReason.Overload, "no ICAP server may be asked now");
  }

  /** The server to ask, after a pause where another was asked before; undefined when that is all. */
  async #next(tried: ReadonlySet<Peer>, signal: AbortSignal): Promise<Peer | undefined> {
    const peer = choose(this.#peers, tried);
    const isRetry = peer !== undefined && tried.size > 0;
    return isRetry && !(await this.#retries.mayRetry(signal)) ? undefined : peer;
  }

  async #askOnce(peer: Peer, subject: Subject): Promise<{ verdict: Verdict; retry: boolean }> {
    const { signal } = subject.context;
    try {
      const verdict = await peer.use(signal, (client) => this.#exchange(peer, client, subject));
      return { verdict, retry: verdict.reason === VerdictReason.Overload };
    } catch (error) {
      if (signal.aborted || this.#isClosed) return { verdict: this.#stopped(), retry: false };
      const verdict = errorVerdict(VerdictReason.EngineError, reasonOf(error));
      return { verdict, retry: isWorthARetry(error) };
    }
  }

  async #exchange(peer: Peer, client: IcapClient, subject: Subject): Promise<Verdict> {
    const { entity, context } = subject;
    const sent = outgoingMessage(this.#methodFor(peer, context), subject, this.#options.shares);
    const spool = this.#options.newSpool(Math.max(entity.size * ANSWER_FACTOR, MIN_ANSWER_BYTES));
    const refused = new AbortController();
    const body = new AnswerBody(spool, () => refused.abort());
    try {
      const signal = AbortSignal.any([context.signal, peer.signal, refused.signal]);
      const answer = await ask(client, sent, {
        previewBytes: peer.facts?.previewBytes,
        fields: [...peer.fields, ...sent.heads.fields],
        body: bodyOf(entity),
        onBody: body.take,
        signal,
      });
      peer.learnTag(tagOf(answer.fields));
      return this.#judge(answer, { sent, subject, body, kept: await body.finish() });
    } catch (error) {
      body.dispose();
      if (refused.signal.aborted) return tooMuch();
      throw error;
    }
  }

  #judge(answer: IcapAnswer, { sent, subject, body, kept }: Answered): Verdict {
    const epoch = tagOf(answer.fields);
    const told = epoch === undefined ? {} : { epoch };
    if (!kept.ok) {
      body.dispose();
      return { ...tooMuch(), ...told };
    }
    const { replaced } = this.#options;
    const { entity, context } = subject;
    const reading = readAnswer(answer, kept.body, { sent, sentSha256: entity.sha256, replaced });
    if ("verdict" in reading) {
      body.dispose();
      return { ...reading.verdict, ...told };
    }
    if (context.takesReplacement !== true) {
      body.dispose();
      return { ...unwanted(reading.threats), ...told };
    }
    const replacement: Replacement = {
      body: kept.body,
      ...(reading.mediaType !== undefined && { mediaType: reading.mediaType }),
      dispose: () => body.dispose(),
    };
    return { kind: VerdictKind.Modified, threats: reading.threats, replacement, ...told };
  }

  #methodFor({ facts }: Peer, { direction }: ScanContext): AdaptationMethod {
    const { method } = this.#options;
    if (method !== "Auto") return method;
    const wanted: AdaptationMethod = direction === "reqmod" ? "REQMOD" : "RESPMOD";
    const other: AdaptationMethod = direction === "reqmod" ? "RESPMOD" : "REQMOD";
    const offered = facts?.methods ?? [];
    return !offered.includes(wanted) && offered.includes(other) ? other : wanted;
  }

  #stopped(): Verdict {
    return this.#isClosed
      ? errorVerdict(VerdictReason.EngineError, `${this.name} is closed`)
      : errorVerdict(VerdictReason.Timeout, `${this.name} was told to stop`);
  }
}

interface Answered {
  readonly sent: OutgoingMessage;
  readonly subject: Subject;
  readonly body: AnswerBody;
  readonly kept: FinishResult;
}

function ask(
  client: IcapClient,
  { method, heads }: OutgoingMessage,
  message: Parameters<IcapClient["respmod"]>[0],
): Promise<IcapAnswer> {
  const whole = { ...heads, ...message };
  return method === "REQMOD" ? client.reqmod(whole) : client.respmod(whole);
}

/** The server with the fewest requests under way, one that answers probes if there is one; not one of `tried`. */
function choose(peers: readonly Peer[], tried: ReadonlySet<Peer>): Peer | undefined {
  let best: Peer | undefined;
  for (const peer of peers) {
    if (tried.has(peer) || !peer.admits) continue;
    if (best === undefined || isBetter(peer, best)) best = peer;
  }
  return best;
}

function isBetter(one: Peer, other: Peer): boolean {
  const sick = (peer: Peer): boolean => peer.isHealthy === false;
  if (sick(one) !== sick(other)) return !sick(one);
  return one.outstanding < other.outstanding;
}

/** The name and the declared type of an entity are always told. */
function scopeOf(shares: readonly SharedFact[]): CacheScope {
  if (shares.includes("Identity"))
    return shares.includes("Url") ? CacheScope.None : CacheScope.User;
  return shares.includes("Url") ? CacheScope.ContentAndUrl : CacheScope.ContentAndName;
}

const tooMuch = (): Verdict =>
  errorVerdict(VerdictReason.EngineError, "the answer is larger than can be kept");

/** What it changed it will not let pass as it was. */
const unwanted = (threats: readonly Threat[]): Verdict => ({
  kind: VerdictKind.Blocked,
  reason: threats.length > 0 ? VerdictReason.Malware : VerdictReason.Policy,
  threats,
  message: "the server gave new content, which has no place here",
});
