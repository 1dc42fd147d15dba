import { z } from "zod";
import {
  type Replacement,
  type Threat,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../verdict.ts";

const MAX_THREATS = 100;
const MAX_NAME_LENGTH = 1024;
const MAX_MESSAGE_LENGTH = 4096;

/** The words of scan/v1; what they come to here is said by `judgementOf`. */
const verdictWord = z.enum([
  ...Object.values(VerdictKind),
  /** Of a beginning: give me the rest. */
  "continue",
]);

const text = z.string();
const share = z.number().min(0).max(1);
const threat = z.object({
  name: text.min(1),
  path: text.optional(),
  engine: text.optional(),
  ref: text.optional(),
});

/**
 * The JSON document of an answer. Members that are not named here are passed over, for later
 * versions may have more; one that is named and has another form makes the document unreadable.
 */
const verdictDocument = z.object({
  verdict: verdictWord,
  score: share.optional(),
  reason: text.optional(),
  threats: z.array(threat).optional(),
  /** Of what is found only its kind is taken over, never the thing itself. */
  findings: z.array(z.object({ type: text, path: text.optional() })).optional(),
  categories: z.array(z.object({ name: text, source: text.optional() })).optional(),
  cache: z.object({ ttl: z.number().min(0).optional(), scope: text.optional() }).optional(),
  message: text.optional(),
});
type VerdictDocument = z.output<typeof verdictDocument>;

/** What is wrong with a document that cannot be trusted. */
export interface Unreadable {
  readonly unreadable: string;
}

/**
 * The document that a JSON text is, or why it is none: not JSON, no word of scan/v1, a word that the
 * header `Scan-Verdict` contradicts. Never throws.
 */
export function readDocument(
  json: string,
  header: string | undefined,
): VerdictDocument | Unreadable {
  const parsed = verdictDocument.safeParse(parseJson(json));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.length ? ` at ${issue.path.join(".")}` : "";
    return { unreadable: `the answer is no verdict document${where}` };
  }
  if (header !== undefined && header !== parsed.data.verdict) {
    return { unreadable: "Scan-Verdict and the verdict document contradict each other" };
  }
  return parsed.data;
}

/** The verdict that a document gives on a whole entity, with the content that came along. */
export function judgementOf(
  document: VerdictDocument,
  content?: Replacement,
): Verdict | Unreadable {
  const kind = kindOf(document.verdict, content);
  if (kind === undefined) {
    return { unreadable: `"${document.verdict}" is no answer to a whole entity` };
  }
  const threats = threatsOf(document, kind);
  const reason = reasonOf(document.reason) ?? reasonWithout(kind, document);
  const { score, message } = document;
  return {
    kind,
    threats,
    ...(reason !== undefined && { reason }),
    ...(score !== undefined && { score }),
    ...(message !== undefined && { message: message.slice(0, MAX_MESSAGE_LENGTH) }),
    ...(kind === VerdictKind.Modified && content !== undefined && { replacement: content }),
  };
}

/** `modified` without content is nothing; `pending` belongs to 202. */
function kindOf(
  word: VerdictDocument["verdict"],
  content: Replacement | undefined,
): VerdictKind | undefined {
  switch (word) {
    case "continue":
    case "pending":
      return undefined;
    case "modified":
      return content === undefined ? undefined : word;
    default:
      return word;
  }
}

/** What speaks against the entity; a category that it may well be in does not. */
const ACCUSING: ReadonlySet<VerdictKind> = new Set([
  VerdictKind.Blocked,
  VerdictKind.Suspicious,
  VerdictKind.Modified,
]);

function threatsOf(document: VerdictDocument, kind: VerdictKind): Threat[] {
  const { threats = [], findings = [], categories = [] } = document;
  const named = ACCUSING.has(kind)
    ? [
        ...findings.filter(({ type }) => LABEL.test(type)).map(findingThreat),
        ...categories.filter(({ name }) => LABEL.test(name)).map(({ name }) => ({ name })),
      ]
    : [];
  return [...threats, ...named].slice(0, MAX_THREATS).map(cutThreat);
}

/** The name of a kind of thing; what was found itself would not look so. */
const LABEL = /^[\p{L}\p{N}][\p{L}\p{N} ._:/+-]{0,63}$/u;

type Finding = NonNullable<VerdictDocument["findings"]>[number];

function findingThreat({ type, path }: Finding): z.output<typeof threat> {
  return { name: type, ...(path !== undefined && { path }) };
}

function cutThreat(found: z.output<typeof threat>): Threat {
  const cut = Object.entries(found).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    cut.map(([name, value]) => [name, String(value).slice(0, MAX_NAME_LENGTH)]),
  ) as unknown as Threat;
}

const reasons: readonly string[] = Object.values(VerdictReason);

/** The list of reasons is open in scan/v1 and closed here, where metrics carry it. */
function reasonOf(word: string | undefined): VerdictReason | undefined {
  return word !== undefined && reasons.includes(word) ? (word as VerdictReason) : undefined;
}

function reasonWithout(kind: VerdictKind, document: VerdictDocument): VerdictReason | undefined {
  if (kind === VerdictKind.Error) return VerdictReason.EngineError;
  if (kind !== VerdictKind.Blocked) return undefined;
  if (document.threats?.length) return VerdictReason.Malware;
  if (document.findings?.length) return VerdictReason.Dlp;
  return document.categories?.length ? VerdictReason.Category : VerdictReason.Policy;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
