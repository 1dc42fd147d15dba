import type { KeptBody } from "../entity.ts";
import { type EntityProblem, ProblemReason, problem } from "../problem.ts";
import { AppendResult, type Spool } from "./spool.ts";
import { type SpoolFailure, SpoolFailureKind } from "./spool-failure.ts";

/** Bytes made from an entity (decoded), kept in a spool of their own until it is disposed. */
export interface SpooledCopy {
  readonly body: KeptBody;
  readonly spool: Spool;
}

export type CopyResult =
  | { readonly ok: true; readonly copy: SpooledCopy }
  | { readonly ok: false; readonly problem: EntityProblem };

export interface CopyLimits {
  readonly maxBytes: number;
  /** Largest growth from the original, looked at once the copy has `ratioFromBytes`. */
  readonly maxRatio: number;
  readonly ratioFromBytes: number;
}

/** Carries a problem through a pipeline; never leaves this folder. */
class CopyStopped extends Error {
  readonly problem: EntityProblem;

  constructor(stop: EntityProblem) {
    super(stop.reason);
    this.problem = stop;
  }
}

/** Fills a spool with made bytes under limits, as fast as the spool takes them. */
export class CopyWriter {
  readonly #spool: Spool;
  readonly #limits: CopyLimits;
  readonly #originalBytes: number;

  constructor(spool: Spool, limits: CopyLimits, originalBytes: number) {
    this.#spool = spool;
    this.#limits = limits;
    this.#originalBytes = originalBytes;
  }

  get spool(): Spool {
    return this.#spool;
  }

  /** Keeps a piece; a promise when the spool asks for a pause. Throws when a limit is passed. */
  write(piece: Buffer): Promise<void> | undefined {
    const bytes = this.#spool.size + piece.length;
    const { ratioFromBytes, maxRatio } = this.#limits;
    if (bytes > ratioFromBytes && bytes > maxRatio * this.#originalBytes) {
      throw new CopyStopped(problem(ProblemReason.DecodedRatio));
    }
    const result = this.#spool.append(piece, 0, piece.length);
    if (result === AppendResult.Refused) throw new CopyStopped(this.#refusal());
    if (result === AppendResult.More) return undefined;
    return new Promise((resolve) => {
      this.#spool.onDrain = resolve;
    });
  }

  async writeAll(pieces: AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of pieces) await this.write(piece);
  }

  async finish(): Promise<CopyResult> {
    const result = await this.#spool.finish();
    if (result.ok) return { ok: true, copy: { body: result.body, spool: this.#spool } };
    return { ok: false, problem: problemOf(result.failure) };
  }

  #refusal(): EntityProblem {
    const failure = this.#spool.failure;
    return failure === undefined ? problem(ProblemReason.DiskError) : problemOf(failure);
  }
}

/** The problem that an exception out of a pipeline means; `otherwise` when the bytes are at fault. */
export function problemOfError(
  error: unknown,
  signal: AbortSignal,
  otherwise: ProblemReason,
): EntityProblem {
  if (error instanceof CopyStopped) return error.problem;
  if (signal.aborted) return problem(ProblemReason.Aborted, signal.reason);
  const isSystemError = typeof (error as NodeJS.ErrnoException)?.syscall === "string";
  return problem(isSystemError ? ProblemReason.DiskError : otherwise, error);
}

function problemOf(failure: SpoolFailure): EntityProblem {
  switch (failure.kind) {
    case SpoolFailureKind.Oversize:
      return problem(ProblemReason.DecodedSize);
    case SpoolFailureKind.SpoolFull:
      return problem(ProblemReason.SpoolFull, failure.cause);
    case SpoolFailureKind.DiskError:
      return problem(ProblemReason.DiskError, failure.cause);
  }
}
