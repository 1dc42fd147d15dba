import type { CliContext } from "./cli-context.ts";
import { fileProblem } from "./file-problem.ts";

/** What a person got wrong, found later than the arguments are read. */
export class UsageError extends Error {}

/**
 * A bearer token out of a file or a variable. It is never an argument: those are seen by everybody on
 * the machine. Undefined where there is neither; throws a `UsageError` for what is no token.
 */
export function bearerToken(
  file: string | undefined,
  variable: string,
  { sourcesFor }: Pick<CliContext, "sourcesFor">,
): string | undefined {
  const { env, readFile } = sourcesFor([]);
  const text = file === undefined ? env[variable] : tokenIn(file, readFile);
  const token = text?.trim() ?? "";
  if (file === undefined && token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError(`${file ?? variable} holds no token`);
  return token;
}

/** Also the server's own file will do: the first token of it. */
function tokenIn(path: string, readFile: (path: string) => string): string | undefined {
  try {
    const lines = readFile(path).split(/\r?\n/);
    const line = lines.map((text) => text.trim()).find((text) => text !== "" && text[0] !== "#");
    return line?.split(/[ \t]+/).at(-1);
  } catch (error) {
    throw new UsageError(`${path}: ${fileProblem(error)}`);
  }
}
