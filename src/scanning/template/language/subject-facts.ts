import { createHash } from "node:crypto";
import { type Entity, readContent } from "../../../entity/index.ts";
import { type ScanContext, unscannableVerdict, type Verdict, VerdictKind } from "../../index.ts";
import { entityText } from "../http/entity-text.ts";
import type { SubjectFacts } from "./views.ts";

export interface FactsOptions {
  /** Members of `req` that the template reads: hashes and text cost a reading of the bytes. */
  readonly reads: ReadonlySet<string>;
  readonly textBytes: number;
}

/**
 * What a template may ask about an entity; the verdict when it cannot be told, for it is no text.
 * Rejects when the bytes cannot be read.
 */
export async function subjectFacts(
  entity: Entity,
  context: ScanContext,
  { reads, textBytes }: FactsOptions,
): Promise<SubjectFacts | Verdict> {
  const text = reads.has("text") ? await entityText(entity, textBytes) : undefined;
  if (typeof text === "object") return unscannableVerdict(text.reason, text.message);
  const [sha1, md5] = await hashesOf(
    entity,
    ["sha1", "md5"].map((name) => reads.has(name)),
  );
  return { ...factsOfContext(context), ...factsOfEntity(entity), sha1, md5, text };
}

/** What there is to ask about before an entity. */
export function factsOfHeads(context: ScanContext): SubjectFacts {
  return { ...NO_FACTS, ...factsOfContext(context) };
}

/** Of a subject of which nothing is known. */
export const NO_FACTS: SubjectFacts = {
  ...{ sha256: "", sha1: undefined, md5: undefined, text: undefined, size: 0, status: 0 },
  ...{ fileName: "", extension: "", declaredType: "", detectedType: "", groups: [] },
  ...{ url: "", host: "", path: "", method: "", direction: "", service: "", policy: "" },
  ...{ clientIp: "", user: "" },
};

export function isVerdict(value: SubjectFacts | Verdict): value is Verdict {
  return "kind" in value && value.kind === VerdictKind.Unscannable;
}

function factsOfEntity(entity: Entity) {
  const fileName = entity.fileName ?? "";
  const dot = fileName.lastIndexOf(".");
  return {
    sha256: entity.sha256,
    size: entity.size,
    fileName,
    extension: dot > 0 ? fileName.slice(dot + 1).toLowerCase() : "",
    declaredType: entity.declaredType ?? "",
    detectedType: entity.detectedType ?? "",
  };
}

function factsOfContext(context: ScanContext) {
  const { identity } = context;
  return {
    url: context.url ?? "",
    host: context.host ?? URL.parse(context.url ?? "")?.hostname ?? "",
    path: URL.parse(context.url ?? "")?.pathname ?? "",
    method: context.httpMethod ?? "",
    status: context.httpStatus ?? 0,
    direction: context.direction,
    service: context.service,
    policy: context.policy ?? "",
    clientIp: identity?.address ?? "",
    user: identity?.user ?? "",
    groups: identity?.groups ?? [],
  };
}

async function hashesOf(
  { content }: Entity,
  [sha1 = false, md5 = false]: readonly boolean[],
): Promise<(string | undefined)[]> {
  const hashers = [sha1 ? createHash("sha1") : undefined, md5 ? createHash("md5") : undefined];
  if (!sha1 && !md5) return [];
  for await (const piece of readContent(content, { reusesBuffer: true })) {
    for (const hasher of hashers) hasher?.update(piece);
  }
  return hashers.map((hasher) => hasher?.digest("hex"));
}
