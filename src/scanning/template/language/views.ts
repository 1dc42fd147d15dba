/** What a template may ask about the entity and its transaction; `""` and 0 where it is not known. */
export interface SubjectFacts {
  readonly sha256: string;
  /** Undefined when the template does not read it; so for `md5` and `text`. */
  readonly sha1: string | undefined;
  readonly md5: string | undefined;
  readonly text: string | undefined;
  readonly size: number;
  readonly fileName: string;
  readonly extension: string;
  readonly declaredType: string;
  readonly detectedType: string;
  readonly url: string;
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly status: number;
  readonly direction: string;
  readonly service: string;
  readonly policy: string;
  readonly clientIp: string;
  readonly user: string;
  readonly groups: readonly string[];
}

/** An answer, as expressions see it. */
export interface AnswerFacts {
  readonly status: number;
  /** By lower-case name; repeated ones joined with `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly ms: number;
}

// CEL sees facts through these classes: the engine recognises the types by their constructors, and
// integers become 64-bit ones here.

export class SubjectView {
  readonly #facts: SubjectFacts;
  constructor(facts: SubjectFacts) {
    this.#facts = facts;
  }
  get sha256(): string {
    return this.#facts.sha256;
  }
  get sha1(): string {
    return this.#facts.sha1 ?? "";
  }
  get md5(): string {
    return this.#facts.md5 ?? "";
  }
  get text(): string {
    return this.#facts.text ?? "";
  }
  get size(): bigint {
    return BigInt(this.#facts.size);
  }
  get fileName(): string {
    return this.#facts.fileName;
  }
  get extension(): string {
    return this.#facts.extension;
  }
  get declaredType(): string {
    return this.#facts.declaredType;
  }
  get detectedType(): string {
    return this.#facts.detectedType;
  }
  get url(): string {
    return this.#facts.url;
  }
  get host(): string {
    return this.#facts.host;
  }
  get path(): string {
    return this.#facts.path;
  }
  get method(): string {
    return this.#facts.method;
  }
  get status(): bigint {
    return BigInt(this.#facts.status);
  }
  get direction(): string {
    return this.#facts.direction;
  }
  get service(): string {
    return this.#facts.service;
  }
  get policy(): string {
    return this.#facts.policy;
  }
  get clientIp(): string {
    return this.#facts.clientIp;
  }
  get user(): string {
    return this.#facts.user;
  }
  get groups(): readonly string[] {
    return this.#facts.groups;
  }
}

export class AnswerView {
  readonly #facts: AnswerFacts;
  #json: { readonly value: unknown } | undefined;
  constructor(facts: AnswerFacts) {
    this.#facts = facts;
  }
  get status(): bigint {
    return BigInt(this.#facts.status);
  }
  get headers(): ReadonlyMap<string, string> {
    return this.#facts.headers;
  }
  get text(): string {
    return this.#facts.text;
  }
  get ms(): bigint {
    return BigInt(Math.round(this.#facts.ms));
  }
  /** Whatever its Content-Type: vendors send JSON as text. Throws for what is none. */
  get json(): unknown {
    this.#json ??= { value: parseJson(this.#facts.text) };
    return this.#json.value;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own error quotes the text.
    throw new Error("the answer is no JSON");
  }
}
