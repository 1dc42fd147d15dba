import { createReadStream } from "node:fs";
import { errorVerdict, VerdictReason } from "../../scanning/index.ts";
import type { Logger, MetricsRegistry } from "../../telemetry/index.ts";
import type { EngineState, EngineVerdict, ScanEngine, ScanSubject } from "../serve/scan-engine.ts";
import { ScanProblem } from "../serve/scan-problem.ts";
import { Clamd } from "./clamd.ts";
import type { ClamdAddress } from "./clamd-address.ts";
import { ClamdFailure } from "./clamd-connection.ts";
import { verdictOfReply } from "./clamd-reply.ts";
import { type HandedOver, HandOver } from "./hand-over.ts";
import { asStreamReply } from "./instream.ts";

export interface ClamavEngineOptions {
  /** Equal clamds: each has the same signatures and settings. */
  readonly clamds: readonly ClamdAddress[];
  readonly connectTimeoutMs: number;
  readonly probeIntervalMs: number;
  /** Identity of signatures of one's own, of which clamd tells no version. */
  readonly ownEpoch: string | undefined;
  /** A directory that clamd sees under the same path; left out: bodies go through the connection. */
  readonly handOverDirectory?: string | undefined;
  readonly logger: Logger;
}

const MiB = 1024 * 1024;
/** Bodies up to this are kept until there is a verdict, so that another clamd can be asked. */
const MAX_KEPT_BYTES = MiB;
const HAND_OVER_LIMITS = { maxFileBytes: 16 * MiB, maxTotalBytes: 512 * MiB };
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
  readonly #logger: Logger;
  #handOver: HandOver | undefined;

  constructor(options: ClamavEngineOptions) {
    this.#logger = options.logger;
    const { handOverDirectory: directory } = options;
    if (directory !== undefined) this.#handOver = new HandOver({ directory, ...HAND_OVER_LIMITS });
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
    const { size, body, pieces } = subject;
    if (this.#handOver?.admits(size)) return this.#scanFile(this.#handOver, subject, size);
    if ((size ?? Infinity) > MAX_KEPT_BYTES) return this.#ask(subject, streamed(body));
    return this.#ask(subject, kept(joined(pieces ?? (await collected(body)))));
  }

  async #scanFile(handOver: HandOver, subject: ScanSubject, size: number): Promise<EngineVerdict> {
    const file = await handOver.keep(subject.pieces ?? subject.body, size);
    try {
      return await this.#ask(subject, this.#filed(file));
    } finally {
      file.release();
    }
  }

  #filed(file: HandedOver): Handing {
    return {
      canRepeat: true,
      give: async (clamd, signal) => {
        try {
          return await this.#giveFile(clamd, file, signal);
        } catch (error) {
          // It may have the file open for as long as it likes.
          file.giveUp();
          throw error;
        }
      },
    };
  }

  /** As a file, or as a stream to a clamd that cannot read it. */
  async #giveFile(clamd: Clamd, file: HandedOver, signal: AbortSignal): Promise<string> {
    const { path } = file;
    const told = await clamd.scanFile(path, signal, () => file.giveUp());
    const reply = asStreamReply(told, path);
    // Of something else than the file: whether it is done with that it does not say.
    if (reply === told) file.giveUp();
    if (!isUnreadable(reply)) return reply;
    this.#noHandOver(clamd, reply);
    return clamd.scan(createReadStream(path), signal);
  }

  /** A clamd that is somebody else, or elsewhere, cannot read what is handed over: as good as not configured. */
  #noHandOver({ label }: Clamd, why: string): void {
    if (this.#handOver === undefined) return;
    this.#handOver.close();
    this.#handOver = undefined;
    this.#logger.warn(
      "clamd cannot read files that are handed over: they are streamed from now on",
      {
        clamd: label,
        why,
      },
    );
  }

  async #ask(subject: ScanSubject, handing: Handing): Promise<EngineVerdict> {
    for (const clamd of this.#inOrder()) {
      const judged = await judgedBy(clamd, handing, subject.signal);
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
    this.#handOver?.close();
    for (const clamd of this.#clamds) clamd.close();
  }

  /** Those that answer before those that did not, each group by what it has to do. */
  #inOrder(): Clamd[] {
    return this.#clamds.toSorted(
      (a, b) => Number(b.isUp) - Number(a.isUp) || a.outstanding - b.outstanding,
    );
  }
}

/** A way to give a body to clamd. */
interface Handing {
  /** What was given to one clamd can be given to another. */
  readonly canRepeat: boolean;
  readonly give: (clamd: Clamd, signal: AbortSignal) => Promise<string>;
}

const streamed = (body: AsyncIterable<Buffer>): Handing => ({
  canRepeat: false,
  give: (clamd, signal) => clamd.scan(body, signal),
});

const kept = (body: Buffer): Handing => ({
  canRepeat: true,
  give: (clamd, signal) => clamd.scanSmall(body, signal),
});

/** The verdict of one clamd; undefined when it gave none and another can be asked. */
async function judgedBy(
  clamd: Clamd,
  { canRepeat, give }: Handing,
  signal: AbortSignal,
): Promise<EngineVerdict | undefined> {
  // Before the scan: an engine that is replaced meanwhile does not give its verdict the new name.
  const epoch = clamd.epoch ?? UNKNOWN_EPOCH;
  try {
    return { verdict: verdictOfReply(await give(clamd, signal)), epoch };
  } catch (error) {
    if (!(error instanceof ClamdFailure) || signal.aborted) throw error;
    // What was not kept is gone, unless there was no connection to send it by.
    if (canRepeat || error.isUnreached) return undefined;
    return { verdict: errorVerdict(VerdictReason.EngineError, error.message), epoch };
  }
}

/** The replies of a clamd that does not see the file, or may not read it. */
function isUnreadable(reply: string): boolean {
  return /^stream: (?:File path check failure: .*|lstat\(\) failed: .*|Access denied\.) ERROR$/.test(
    reply,
  );
}

async function collected(body: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return pieces;
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}
