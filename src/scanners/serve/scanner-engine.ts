import {
  detectType,
  type Entity,
  type KeptBody,
  readContent,
  type SpoolStore,
} from "../../entity/index.ts";
import {
  errorVerdict,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictReason,
} from "../../scanning/index.ts";
import type { MetricsRegistry } from "../../telemetry/index.ts";
import { keptBody } from "./kept-body.ts";
import type {
  EngineAbilities,
  EngineReplacement,
  EngineState,
  EngineVerdict,
  FollowedWait,
  ScanEngine,
  ScanSubject,
} from "./scan-engine.ts";
import { ScanProblem } from "./scan-problem.ts";

export interface ScannerEngineOptions {
  readonly scanner: Scanner;
  readonly abilities: EngineAbilities;
  /** Where bodies are kept: a scanner looks at whole entities. */
  readonly spools: SpoolStore;
  /** Bodies above this are refused. */
  readonly maxBytes: number;
  /** What ends with the engine, beside the scanner. */
  readonly onClose: () => Promise<void>;
}

const RETRY_AFTER_SECONDS = 1;
/** Who asks about a scan and will not wait is told what the vendor says now. */
const FIRST_LOOK_MS = 1000;
const NOT_FOLLOWED = errorVerdict(VerdictReason.EngineError, "this scanner gives no jobs");

/** Serves any `Scanner` over scan/v1. */
export function createScannerEngine(options: ScannerEngineOptions): ScanEngine {
  return new ScannerEngine(options);
}

class ScannerEngine implements ScanEngine {
  readonly #options: ScannerEngineOptions;

  constructor(options: ScannerEngineOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.scanner.name;
  }

  get abilities(): EngineAbilities {
    return this.#options.abilities;
  }

  state(): EngineState {
    return { epoch: this.#options.scanner.epoch };
  }

  async scan(subject: ScanSubject): Promise<EngineVerdict> {
    const { scanner, spools, maxBytes } = this.#options;
    const spool = spools.create(Math.min(maxBytes, scanner.maxBytes));
    try {
      const body = await keptBody(subject, spool);
      const { verdict, epoch } = await this.#judge(entityOf(body, subject), subject);
      return { verdict, epoch, ...replacementOf(verdict) };
    } finally {
      spool.dispose();
    }
  }

  expose(registry: MetricsRegistry): void {
    const { budget } = this.#options.spools;
    const name = "sluice_http_kept_bytes";
    const help = "Bytes of bodies that are kept while they are judged, in memory and on disk.";
    registry.expose({ name, help, type: "gauge", labels: ["where"] }, () => [
      { labels: { where: "memory" }, value: budget.memoryBytes },
      { labels: { where: "disk" }, value: budget.diskBytes },
    ]);
  }

  async close(): Promise<void> {
    await this.#options.scanner.close();
    await this.#options.onClose();
  }

  async follow(job: string, { holdMs, signal }: FollowedWait): Promise<EngineVerdict> {
    const { scanner } = this.#options;
    const deadlineAt = performance.now() + Math.max(holdMs, FIRST_LOOK_MS);
    const verdict = (await scanner.follow?.(job, { signal, deadlineAt })) ?? NOT_FOLLOWED;
    return this.#judged(verdict);
  }

  async #judge(entity: Entity, subject: ScanSubject) {
    return this.#judged(await this.#options.scanner.scan(entity, contextOf(subject)));
  }

  #judged(verdict: Verdict) {
    refuseUnjudged(verdict);
    return { verdict, epoch: verdict.epoch ?? this.#options.scanner.epoch };
  }
}

/** What scan/v1 says by a status: the caller may ask another replica, or later. */
function refuseUnjudged(verdict: Verdict): void {
  const { kind, reason, job, message = "the scanner gave no verdict" } = verdict;
  if (kind === "pending" && job === undefined) throw new ScanProblem(504, message);
  if (kind !== "error") return;
  if (reason === VerdictReason.Timeout) throw new ScanProblem(504, message);
  if (reason === VerdictReason.Overload) {
    throw new ScanProblem(503, message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}

function entityOf(body: KeptBody, { sha256, facts }: ScanSubject): Entity {
  return {
    content: body.content,
    size: body.size,
    sha256: body.size === 0 ? (sha256 ?? body.sha256) : body.sha256,
    fileName: facts.fileName,
    declaredType: facts.declaredType,
    detectedType: facts.detectedType ?? detectType(body.head),
  };
}

function contextOf({ facts, signal, holdMs }: ScanSubject): ScanContext {
  return {
    transactionId: "",
    service: facts.service ?? "",
    direction: facts.direction ?? "respmod",
    url: facts.url,
    host: facts.host,
    httpMethod: facts.httpMethod,
    httpStatus: facts.httpStatus,
    policy: facts.policy,
    identity: facts.identity,
    takesReplacement: true,
    signal,
    ...(holdMs !== undefined && patience(holdMs)),
  };
}

/** Who does not wait at all has time for a first look: many scans are over by then. */
function patience(holdMs: number): Partial<ScanContext> {
  return holdMs === 0
    ? { keepJob: true, jobAtOnce: true }
    : { keepJob: true, deadlineAt: performance.now() + holdMs };
}

function replacementOf({
  replacement,
}: Verdict): { readonly replacement: EngineReplacement } | undefined {
  if (replacement === undefined) return undefined;
  const { body, mediaType } = replacement;
  return {
    replacement: {
      content: readContent(body.content),
      size: body.size,
      ...(mediaType !== undefined && { mediaType }),
      dispose: () => replacement.dispose(),
    },
  };
}
