import { getSystemErrorMessage } from "node:util";
import type { StartError } from "../port.ts";

/** Why a scanner could not start, for a person: of a file that cannot be read, which and why. */
export function startProblem(error: unknown): string {
  const { path, errno, message } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  if (path !== undefined && errno !== undefined) {
    return `${path}: cannot be read: ${getSystemErrorMessage(errno)}`;
  }
  return message ?? String(error);
}

/** Throws a `StartError`. */
export function refuse(problems: readonly string[], cause?: unknown): never {
  throw Object.assign(new Error(problems.join("; "), { cause }), { problems } satisfies StartError);
}
