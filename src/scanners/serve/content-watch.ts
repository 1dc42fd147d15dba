/** What was read, and a digest that changes exactly when it does. */
export interface WatchedContent<Content> {
  readonly content: Content;
  readonly digest: string;
}

export interface ContentWatchOptions<Content> {
  readonly pollMs: number;
  readonly read: () => Promise<WatchedContent<Content>>;
  /** Of what is in use when the watch begins. */
  readonly digest: string;
  /** Not called again before it has ended. What it rejects with is a problem of this content. */
  readonly use: (content: Content) => void | Promise<void>;
  /** Told once for each problem, until another one or a success comes between. */
  readonly onProblem: (message: string) => void;
}

/**
 * Looks again and again whether content has changed, by what it is: a ConfigMap changes by a
 * symbolic link to another directory, which no file's time or watch shows reliably.
 */
export class ContentWatch<Content> {
  readonly #options: ContentWatchOptions<Content>;
  #timer: NodeJS.Timeout | undefined;
  #digest: string;
  #problem: string | undefined;
  #isClosed = false;

  constructor(options: ContentWatchOptions<Content>) {
    this.#options = options;
    this.#digest = options.digest;
    this.#next();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.pollMs).unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#useIfChanged(await this.#read());
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
    this.#next();
  }

  async #read(): Promise<WatchedContent<Content>> {
    try {
      return await this.#options.read();
    } catch (error) {
      // Whatever comes after it is used, be it what was there before: so the trouble is over.
      this.#digest = "";
      throw error;
    }
  }

  async #useIfChanged({ content, digest }: WatchedContent<Content>): Promise<void> {
    if (digest === this.#digest || this.#isClosed) return;
    // Taken for seen even if it is of no use, or it would be tried again at each look.
    this.#digest = digest;
    await this.#options.use(content);
    this.#problem = undefined;
  }

  #tell(message: string): void {
    if (message !== this.#problem && !this.#isClosed) this.#options.onProblem(message);
    this.#problem = message;
  }
}
