const MAX_EXAMPLES = 3;
const SHOWN_CHARS = 64;

/** A list with a line that is none of the forms it may have. */
export class InvalidLine extends Error {}

/** Lines of a list that were not understood: how many, and the first of them. */
export class LineProblems {
  count = 0;
  readonly examples: string[] = [];
  readonly #skips: boolean;

  /** Without `skips` the first one is thrown. */
  constructor(skips: boolean) {
    this.#skips = skips;
  }

  /** A line is undefined when it is too long to be shown. */
  add(file: string, number: number, line: string | undefined): void {
    const shown = line === undefined ? "too long" : JSON.stringify(line.slice(0, SHOWN_CHARS));
    const problem = `${file}, line ${number}: not understood: ${shown}`;
    if (!this.#skips) throw new InvalidLine(problem);
    this.count += 1;
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(problem);
  }
}
