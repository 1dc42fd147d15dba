const printed: string[] = [];

/** Writes a line of the result. */
export function print(line: string): void {
  printed.push(line);
  process.stdout.write(`${line}\n`);
}

/** Writes a line about the run that is no part of its result. */
export function note(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Says what is going on, where a person watches; an empty text clears it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** All lines of the result so far. */
export function result(): string {
  return printed.join("\n");
}
