import { checkedBody, mustBe, SHA256_OF_NOTHING, sha256OfBody } from "./content-digest.ts";
import type { EngineAbilities, ScanSubject } from "./scan-engine.ts";
import type { ScanHead } from "./scan-head.ts";
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
  body: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<ScanSubject> {
  const { size, stage, holdMs, contentSha256, entitySha256, facts } = head;
  if (takesContent(abilities)) {
    const checked = contentSha256 === undefined ? body : checkedBody(body, contentSha256, size);
    return { body: checked, size, stage, holdMs, signal, sha256: entitySha256, facts };
  }
  const nothing = { body: noBody(), size: 0, stage, holdMs, signal, facts };
  if (size === 0 || stage !== "full") return { ...nothing, sha256: entitySha256 };
  const sha256 = await sha256OfBody(body);
  mustBe(sha256, contentSha256);
  return { ...nothing, sha256 };
}

function takesContent(abilities: EngineAbilities | undefined): boolean {
  return abilities?.inputs.includes("content") ?? true;
}

async function* noBody(): AsyncGenerator<Buffer> {}
