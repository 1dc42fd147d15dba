import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import Negotiator from "negotiator";
import type { Verdict } from "../../scanning/index.ts";
import type { EngineReplacement } from "./scan-engine.ts";

const ANY_CONTENT = "application/octet-stream";
export const RESULT_FIELD = "Scan-Result";

/** Whether the client says by `Accept` that it can take other content than a verdict document. */
export function takesReplacement({ headers }: IncomingMessage): boolean {
  return new Negotiator({ headers }).mediaTypes([ANY_CONTENT]).length > 0;
}

/**
 * Sends new content as it comes. Rejects when it breaks off; the client sees that by the connection.
 *
 * @param fieldOf the verdict as a field: before the content, or behind it when that decides
 */
export async function sendReplacement(
  response: ServerResponse,
  { content, size, mediaType, conclusion }: EngineReplacement,
  { verdict, fieldOf, oldType, signal }: SentWith,
): Promise<void> {
  response.setHeader("Content-Type", mediaType ?? oldType ?? ANY_CONTENT);
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (conclusion === undefined) {
    response.setHeader(RESULT_FIELD, fieldOf(verdict));
    if (size !== undefined) response.setHeader("Content-Length", size);
    response.strictContentLength = size !== undefined;
  } else {
    response.setHeader("Trailer", RESULT_FIELD);
    // Its rejection is met below, behind the content.
    conclusion.catch(() => {});
  }
  response.writeHead(200);
  for await (const chunk of content) {
    if (!response.write(chunk)) await once(response, "drain", { signal });
  }
  if (conclusion !== undefined) {
    response.addTrailers({ [RESULT_FIELD]: fieldOf(await conclusion) });
  }
  response.end();
}

export interface SentWith {
  readonly verdict: Verdict;
  readonly fieldOf: (verdict: Verdict) => string;
  /** `Content-Type` of the entity that is replaced. */
  readonly oldType: string | undefined;
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}
