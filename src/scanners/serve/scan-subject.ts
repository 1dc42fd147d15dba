import {
  checkedBody,
  mustBe,
  SHA256_OF_NOTHING,
  sha256OfBody,
  sha256OfPieces,
} from "./content-digest.ts";
import type { RequestBody } from "./request-body.ts";
import type { EngineAbilities, ScanSubject } from "./scan-engine.ts";
import { notWhole, type ScanHead } from "./scan-head.ts";
import { ScanProblem } from "./scan-problem.ts";

/** Refuses what this engine cannot be asked. */
export function checkAsked(head: ScanHead, abilities: EngineAbilities | undefined): void {
  const { facts, size, stage, entitySha256 } = head;
  const { policies } = abilities ?? {};
  if (facts.policy !== undefined && policies !== undefined && !policies.includes(facts.policy)) {
    throw new ScanProblem(400, "this scanner has no such policy");
  }
  const isWanted = stage === "full" && takesContent(abilities);
  if (isWanted && size === 0 && entitySha256 !== SHA256_OF_NOTHING) {
    throw new ScanProblem(400, "this scanner judges content, and none was sent");
  }
}

/**
 * What an engine is given of a request. One that has no use for content is given its hash instead;
 * the content is read for that, when a client sends it all the same.
 */
export async function scanSubject(
  head: ScanHead,
  abilities: EngineAbilities | undefined,
  body: RequestBody,
  signal: AbortSignal,
): Promise<ScanSubject> {
  const { size, stage, holdMs, contentSha256, entitySha256, facts } = head;
  if (takesContent(abilities)) {
    const asked = { size, stage, holdMs, signal, sha256: entitySha256, facts };
    return { ...asked, ...(await givenBody(body, head)) };
  }
  const nothing = { body: noBody(), size: 0, stage, holdMs, signal, facts };
  if (size === 0 || stage !== "full") return { ...nothing, sha256: entitySha256 };
  const sha256 = await sha256OfBody(wholeOf(body.arriving(), head));
  mustBe(sha256, contentSha256);
  return { ...nothing, sha256 };
}

/** The body, held to its digest: a small one as a whole, any other as it arrives. */
async function givenBody(
  body: RequestBody,
  head: ScanHead,
): Promise<Pick<ScanSubject, "body" | "pieces">> {
  const { size, contentSha256 } = head;
  const pieces = await body.whole();
  if (pieces === undefined) {
    const arriving = wholeOf(body.arriving(), head);
    const isTold = contentSha256 !== undefined;
    return { body: isTold ? checkedBody(arriving, contentSha256, size) : arriving };
  }
  if (contentSha256 !== undefined) mustBe(sha256OfPieces(pieces), contentSha256);
  return { body: eachOf(pieces), pieces };
}

function takesContent(abilities: EngineAbilities | undefined): boolean {
  return abilities?.inputs.includes("content") ?? true;
}

/** A chunked body, held to the length of the entity where that was told. */
function wholeOf(body: AsyncIterable<Buffer>, { promisedBytes }: ScanHead): AsyncIterable<Buffer> {
  return promisedBytes === undefined ? body : countedBody(body, promisedBytes);
}

async function* countedBody(body: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const piece of body) {
    left -= piece.length;
    yield piece;
  }
  if (left !== 0) throw notWhole();
}

async function* eachOf(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

async function* noBody(): AsyncGenerator<Buffer> {}
