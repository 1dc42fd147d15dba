import { z } from "zod";
import type { Entity } from "../../entity/index.ts";
import { CacheScope, unscannableVerdict, type Verdict, VerdictReason } from "../verdict.ts";

/** As in `Scan-Epoch`. */
const MAX_EPOCH_LENGTH = 256;
const mediaRange = z.string().regex(/^[^\s/;]+\/[^\s/;]+$/);

/** What Sluice uses of `GET /v1/info`; scanners may say more. */
const infoDocument = z.object({
  protocol: z.literal("scan/v1"),
  epoch: z.string().max(MAX_EPOCH_LENGTH).optional(),
  inputs: z.array(z.string()).optional(),
  /** When it may be asked; unknown words are of later versions. */
  stages: z.array(z.string()).optional(),
  /** What it must be told before the first byte. */
  requires: z
    .object({ contentLength: z.boolean().optional(), sha256: z.boolean().optional() })
    .optional(),
  /** Of a beginning; left out: as many as there are. */
  previewBytes: z.int().min(0).optional(),
  maxBytes: z.int().min(0).optional(),
  /** What its verdicts depend on; unknown words are of later versions. */
  cacheScope: z.string().optional(),
  types: z
    .object({ accept: z.array(mediaRange).optional(), reject: z.array(mediaRange).optional() })
    .optional(),
});

/** What a scanner says of itself. */
export type ScannerInfo = z.output<typeof infoDocument>;

/** The info document of a JSON text; undefined when it is none. */
export function readInfo(json: string): ScannerInfo | undefined {
  try {
    return infoDocument.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

const scopes: readonly string[] = Object.values(CacheScope);

/**
 * What the verdicts of a scanner depend on, as far as they may be remembered: what it declares, else
 * what it asks for. A word that is not known here could mean anything, so nothing is remembered.
 */
export function cacheScopeOf(info: ScannerInfo | undefined): CacheScope {
  const { cacheScope, inputs = [] } = info ?? {};
  if (cacheScope !== undefined) {
    return scopes.includes(cacheScope) ? (cacheScope as CacheScope) : CacheScope.None;
  }
  if (inputs.includes("headers")) return CacheScope.None;
  return inputs.includes("url") ? CacheScope.ContentAndUrl : CacheScope.Content;
}

/** Whether the scanner may decide at this stage; of one that does not say, only at the end. */
export function isAskedAt(stage: string, info: ScannerInfo | undefined): boolean {
  return info?.stages?.includes(stage) === true;
}

/** Whether the bytes of an entity are of any use to the scanner; a hash list wants none. */
export function wantsContent(info: ScannerInfo | undefined): boolean {
  return info?.inputs === undefined || info.inputs.includes("content");
}

/**
 * Whether it can be sent content whose length and hash nobody knows yet. It must have said so: one that
 * does not know chunked requests may take them for empty ones, and call them clean.
 */
export function takesArriving(info: ScannerInfo | undefined): boolean {
  const { contentLength, sha256 = false } = info?.requires ?? {};
  return wantsContent(info) && contentLength === false && !sha256;
}

/** Why an entity is not worth sending, in the words of a verdict. */
export function refusalOf(entity: Entity, info: ScannerInfo | undefined): Verdict | undefined {
  if (info === undefined) return undefined;
  const { maxBytes, types } = info;
  if (maxBytes !== undefined && entity.size > maxBytes && wantsContent(info)) {
    return unscannableVerdict(
      VerdictReason.Size,
      `entity of ${entity.size} bytes is larger than the ${maxBytes} that the scanner takes`,
    );
  }
  const type = judgedType(entity);
  const accepted = types?.accept?.some((range) => isWithin(type, range)) ?? true;
  if (accepted && !types?.reject?.some((range) => isWithin(type, range))) return undefined;
  return unscannableVerdict(VerdictReason.Type, "the scanner does not take entities of this type");
}

/** What the bytes show counts before what the sender says. */
function judgedType({ detectedType, declaredType }: Entity): string {
  return detectedType ?? declaredType ?? "application/octet-stream";
}

function isWithin(type: string, range: string): boolean {
  const [major, minor] = range.toLowerCase().split("/");
  const [typeMajor, typeMinor] = type.split("/");
  return (major === "*" || major === typeMajor) && (minor === "*" || minor === typeMinor);
}
