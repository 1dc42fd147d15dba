export interface ReloadedOptions<Content> {
  /** Changes when the content may have. */
  readonly stamp: () => Promise<string>;
  readonly load: () => Promise<Content>;
  /** How often the stamp is looked at. 0: never. */
  readonly pollMs: number;
  /** Called when changed content cannot be used; what was read before stays. */
  readonly onProblem: (message: string) => void;
}

/** Content kept equal to where it comes from: the new takes the place of the old at once. */
export class Reloaded<Content> {
  readonly #options: ReloadedOptions<Content>;
  readonly #timer: NodeJS.Timeout | undefined;
  #content: Content;
  #stamp: string;
  #refreshing: Promise<void> | undefined;
  #onChange: (content: Content) => void = () => {};

  private constructor(options: ReloadedOptions<Content>, stamp: string, content: Content) {
    this.#options = options;
    this.#stamp = stamp;
    this.#content = content;
    const { pollMs } = options;
    if (pollMs > 0) this.#timer = setInterval(() => void this.refresh(), pollMs).unref();
  }

  /** Loads. Rejects when the content cannot be used. */
  static async open<Content>(options: ReloadedOptions<Content>): Promise<Reloaded<Content>> {
    // Before the content: what changes while it is read is read again next time.
    const stamp = await options.stamp();
    return new Reloaded(options, stamp, await options.load());
  }

  get content(): Content {
    return this.#content;
  }

  /** Sets who is told when changed content was loaded. */
  onChange(listener: (content: Content) => void): void {
    this.#onChange = listener;
  }

  /** Loads the content again if it has changed. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#reload().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #reload(): Promise<void> {
    const { stamp: look } = this.#options;
    // What cannot be looked at is a state like any other: told of once, and over when it can be again.
    const stamp = await look().catch((error: unknown) => `unreadable: ${messageOf(error)}`);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#content = await this.#options.load();
      this.#onChange(this.#content);
    } catch (error) {
      this.#options.onProblem(messageOf(error));
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
