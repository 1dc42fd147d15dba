/** What the engine adds to an error about an expression's text. */
export interface Position {
  readonly summary?: string;
  readonly range?: { readonly start: number };
}

const ENDS_EARLY = /^Unexpected token: EOF$/;

/** The engine's finding in one line, with the place. */
export function describeError(error: unknown, source: string): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const { summary, range } = error as Error & Position;
  const text = (summary ?? error.message.split("\n", 1)[0] ?? "").replace(
    ENDS_EARLY,
    "it ends too early",
  );
  return range === undefined ? text : `${text} (${placeOf(source, range.start)})`;
}

function placeOf(source: string, offset: number): string {
  const before = source.slice(0, offset).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return before.length === 1 ? `column ${column}` : `line ${before.length}, column ${column}`;
}
