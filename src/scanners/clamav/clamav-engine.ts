import { errorVerdict, VerdictReason } from "../../scanning/index.ts";
import type { Logger, MetricsRegistry } from "../../telemetry/index.ts";
import type { EngineState, EngineVerdict, ScanEngine, ScanSubject } from "../serve/scan-engine.ts";
import { ScanProblem } from "../serve/scan-problem.ts";
import { Clamd } from "./clamd.ts";
import type { ClamdAddress } from "./clamd-address.ts";
import { ClamdFailure } from "./clamd-connection.ts";
import { verdictOfReply } from "./clamd-reply.ts";

export interface ClamavEngineOptions {
  /** Equal clamds: each has the same signatures and settings. */
  readonly clamds: readonly ClamdAddress[];
  readonly connectTimeoutMs: number;
  readonly probeIntervalMs: number;
  /** Identity of signatures of one's own, of which clamd tells no version. */
  readonly ownEpoch: string | undefined;
  readonly logger: Logger;
}

/** Bodies up to this are kept until there is a verdict, so that another clamd can be asked. */
const MAX_KEPT_BYTES = 64 * 1024;
const UNKNOWN_EPOCH = "unknown";
const RETRY_AFTER_SECONDS = 1;

/**
 * An engine that asks clamd. Resolves when each clamd has been asked once which signatures it has;
 * whether one answered is for `state` to say.
 */
export async function createClamavEngine(options: ClamavEngineOptions): Promise<ScanEngine> {
  const engine = new ClamavEngine(options);
  await engine.start();
  return engine;
}

/** Judges by clamd: one or several, the one with least to do first. */
class ClamavEngine implements ScanEngine {
  readonly name = "clamav";
  readonly #clamds: readonly Clamd[];

  constructor(options: ClamavEngineOptions) {
    this.#clamds = options.clamds.map((address) => new Clamd({ ...options, address }));
  }

  async start(): Promise<void> {
    await Promise.all(this.#clamds.map((clamd) => clamd.start()));
  }

  state(): EngineState {
    const up = this.#clamds.filter(({ isUp }) => isUp);
    const { version } = up[0] ?? this.#clamds[0] ?? {};
    const epochs = new Set(
      this.#clamds.map(({ epoch }) => epoch).filter((one) => one !== undefined),
    );
    return {
      // While signatures are rolled out, neither the old nor the new alone.
      epoch: epochs.size === 0 ? UNKNOWN_EPOCH : [...epochs].sort().join(","),
      version: version?.engine,
      signatures: version?.signatures,
      signaturesDate: version?.signaturesDate,
      notReady: up.length === 0 ? "no clamd answers" : undefined,
    };
  }

  async scan(subject: ScanSubject): Promise<EngineVerdict> {
    const { size = Infinity, body } = subject;
    const kept = size <= MAX_KEPT_BYTES ? await collected(body) : undefined;
    for (const clamd of this.#inOrder()) {
      const judged = await judgedBy(clamd, subject, kept);
      if (judged !== undefined) return judged;
    }
    throw new ScanProblem(503, "no clamd answers", { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  expose(registry: MetricsRegistry): void {
    const add = (name: string, help: string, read: (clamd: Clamd) => number): void =>
      registry.expose(
        { name, help, type: name.endsWith("_total") ? "counter" : "gauge", labels: ["clamd"] },
        () => this.#clamds.map((clamd) => ({ labels: { clamd: clamd.label }, value: read(clamd) })),
      );
    add("sluice_clamd_up", "1 when clamd answered last.", ({ isUp }) => Number(isUp));
    add("sluice_clamd_outstanding", "Scans that clamd works on.", ({ outstanding }) => outstanding);
    add("sluice_clamd_scans_total", "Scans given to clamd.", ({ scans }) => scans);
    add("sluice_clamd_failures_total", "Scans that it did not answer.", ({ failures }) => failures);
  }

  async close(): Promise<void> {
    for (const clamd of this.#clamds) clamd.close();
  }

  /** Those that answer before those that did not, each group by what it has to do. */
  #inOrder(): Clamd[] {
    return this.#clamds.toSorted(
      (a, b) => Number(b.isUp) - Number(a.isUp) || a.outstanding - b.outstanding,
    );
  }
}

/** The verdict of one clamd; undefined when it gave none and another can be asked. */
async function judgedBy(
  clamd: Clamd,
  { body, signal }: ScanSubject,
  kept: Buffer | undefined,
): Promise<EngineVerdict | undefined> {
  // Before the scan: an engine that is replaced meanwhile does not give its verdict the new name.
  const epoch = clamd.epoch ?? UNKNOWN_EPOCH;
  try {
    const reply = await (kept === undefined
      ? clamd.scan(body, signal)
      : clamd.scanSmall(kept, signal));
    return { verdict: verdictOfReply(reply), epoch };
  } catch (error) {
    if (!(error instanceof ClamdFailure) || signal.aborted) throw error;
    // What was not kept is gone, unless there was no connection to send it by.
    if (kept !== undefined || error.isUnreached) return undefined;
    return { verdict: errorVerdict(VerdictReason.EngineError, error.message), epoch };
  }
}

async function collected(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}
