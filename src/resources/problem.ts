/** Where in a resource: field names and list indexes, from the root. */
export type FieldPath = readonly (string | number)[];

/** One thing that is wrong with a resource, for the person who wrote it. */
export interface Problem {
  readonly path: FieldPath;
  readonly message: string;
}

/** `spec.rules[2].when`; the empty path is the empty text. */
export function formatPath(path: FieldPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") {
      text += `[${step}]`;
    } else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) {
      text += text === "" ? step : `.${step}`;
    } else {
      text += `[${JSON.stringify(clip(step))}]`;
    }
  }
  return text;
}

export function formatProblem(problem: Problem): string {
  const path = formatPath(problem.path);
  return path === "" ? problem.message : `${path}: ${problem.message}`;
}

/** Text from a resource, cut so that a message stays a line. */
export function clip(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 63)}…`;
}
