import { AppendResult, type FinishResult, type Spool } from "../entity/index.ts";

/** Keeps the body of an answer as fast as its spool takes it. */
export class AnswerBody {
  readonly #spool: Spool;
  readonly #onRefused: () => void;
  #room: PromiseWithResolvers<void> | undefined;

  /** `onRefused`: the spool takes no more; what comes yet is dropped. */
  constructor(spool: Spool, onRefused: () => void) {
    this.#spool = spool;
    this.#onRefused = onRefused;
    spool.onDrain = () => {
      this.#room?.resolve();
      this.#room = undefined;
    };
  }

  /** A promise: wait with the next piece. */
  readonly take = (piece: Buffer): Promise<void> | undefined => {
    const result = this.#spool.append(piece, 0, piece.length);
    if (result === AppendResult.Refused) this.#onRefused();
    if (result !== AppendResult.Pause) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  };

  finish(): Promise<FinishResult> {
    return this.#spool.finish();
  }

  dispose(): void {
    this.#spool.dispose();
  }
}
