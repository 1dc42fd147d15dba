/** What is there at a moment. */
export interface Sight<Content> {
  /** Another one when the content may be another: a digest of it, or what the system says of its files. */
  readonly stamp: string;
  /** May read it only now. Rejects when it is of no use. */
  readonly content: () => Content | Promise<Content>;
}

export interface FollowerOptions<Content> {
  /** Rejects when nothing can be seen. */
  readonly look: () => Promise<Sight<Content>>;
  /** Of what is in use when it begins. Left out: nothing is; what is seen first is new. */
  readonly stamp?: string | undefined;
  /** How often it is looked at. 0: only when somebody says so. */
  readonly everyMs: number;
  /** For so long it must have been left alone: whoever writes may not be done. Left out: not at all. */
  readonly quietMs?: number;
  /** Takes what is new, one after the other. What it rejects with is a problem of this content. */
  readonly use: (content: Content) => void | Promise<void>;
  /** Called once for each state that cannot be seen or used. What is in use stays. */
  readonly onProblem: (why: string, cause: unknown) => void;
  /** Called when what is there is in use again after a problem. */
  readonly onMended?: () => void;
}

/**
 * Follows content that changes under our feet, however that comes about: written in place, renamed
 * over, by the symlink swap of a mounted Secret or ConfigMap, over NFS. So it polls; events are a hint
 * to `look` sooner. Content that is no good is tried once, not at every look.
 *
 * ```
 * look ─▶ another stamp? ─▶ quiet? ─▶ content ─▶ changed meanwhile? ─no─▶ use
 *              └no─▶ done     └no─▶ look again       └yes─▶ look again
 * ```
 */
export class Follower<Content> {
  readonly #options: FollowerOptions<Content>;
  readonly #timer: NodeJS.Timeout | undefined;
  #used: string | undefined;
  #seen: string | undefined;
  #isTroubled = false;
  #quiet: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #looksAgain = false;
  #taking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: FollowerOptions<Content>) {
    const { everyMs, stamp } = options;
    this.#options = options;
    this.#used = stamp;
    this.#seen = stamp;
    if (everyMs > 0) this.#timer = setInterval(() => this.#lookIfIdle(), everyMs).unref();
  }

  /** Looks now. Resolves when what is new is in use or refused, or is waited for to be left alone. Never rejects. */
  look(): Promise<void> {
    this.#looksAgain = this.#looking !== undefined;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Nothing is told of any more, not even what is being looked at. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#quiet);
  }

  #lookIfIdle(): void {
    if (this.#looking === undefined) void this.look();
  }

  async #lookUntilDone(): Promise<void> {
    do {
      this.#looksAgain = false;
      await this.#lookOnce();
    } while (this.#looksAgain && !this.#isClosed);
  }

  async #lookOnce(): Promise<void> {
    if (this.#isClosed) return;
    const sight = await this.#see();
    if (this.#isClosed || sight.stamp === this.#seen) return;
    this.#seen = sight.stamp;
    const { quietMs = 0 } = this.#options;
    clearTimeout(this.#quiet);
    if (quietMs === 0) return this.#take(sight);
    this.#quiet = setTimeout(() => {
      // One after the other: what is told last is what is used.
      this.#taking = this.#taking.then(() => this.#takeStill(sight));
    }, quietMs).unref();
  }

  /** What cannot be seen is a state like any other. */
  async #see(): Promise<Sight<Content>> {
    try {
      return await this.#options.look();
    } catch (error) {
      return { stamp: `unseen: ${messageOf(error)}`, content: () => Promise.reject(error) };
    }
  }

  /** Takes what is the same before and after it was read. */
  async #takeStill({ stamp, content }: Sight<Content>): Promise<void> {
    const read = (async () => content())();
    await Promise.allSettled([read]);
    const { stamp: now } = await this.#see();
    if (now === stamp) return this.#take({ stamp, content: () => read });
    this.#seen = undefined;
    return this.look();
  }

  async #take({ stamp, content }: Sight<Content>): Promise<void> {
    if (this.#isClosed) return;
    if (stamp !== this.#used) {
      try {
        const taken = await content();
        if (this.#isClosed) return;
        await this.#options.use(taken);
        this.#used = stamp;
      } catch (error) {
        return this.#tell(error);
      }
    }
    if (this.#isTroubled) this.#options.onMended?.();
    this.#isTroubled = false;
  }

  #tell(error: unknown): void {
    if (this.#isClosed) return;
    this.#isTroubled = true;
    this.#options.onProblem(messageOf(error), error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
