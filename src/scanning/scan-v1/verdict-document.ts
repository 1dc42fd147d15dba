import { z } from "zod";
import { type Threat, type Verdict, VerdictKind, VerdictReason } from "../verdict.ts";

const MAX_THREATS = 100;
const MAX_NAME_LENGTH = 1024;
const MAX_MESSAGE_LENGTH = 4096;

/** The words of scan/v1; what they come to here is said by `judgementOf`. */
export const verdictWord = z.enum([
  ...Object.values(VerdictKind),
  /** Of a preview: give me the rest. Sluice sends whole entities, so it is no answer. */
  "continue",
]);
type VerdictWord = z.output<typeof verdictWord>;

const text = z.string();
const share = z.number().min(0).max(1);

/**
 * The JSON document of an answer. Members that are not named here are passed over, for later
 * versions may have more; one that is named and has another form makes the document unreadable.
 */
const verdictDocument = z.object({
  verdict: verdictWord,
  score: share.optional(),
  reason: text.optional(),
  threats: z
    .array(
      z.object({
        name: text.min(1),
        path: text.optional(),
        engine: text.optional(),
        ref: text.optional(),
      }),
    )
    .optional(),
  message: text.optional(),
});

/** What is wrong with a document that cannot be trusted. */
export interface Unreadable {
  readonly unreadable: string;
}

/**
 * The verdict that a JSON text gives, or why it gives none: not JSON, no word of scan/v1, a word
 * that the header `Scan-Verdict` contradicts. Never throws.
 */
export function readVerdict(json: string, header: string | undefined): Verdict | Unreadable {
  const parsed = verdictDocument.safeParse(parseJson(json));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.length ? ` at ${issue.path.join(".")}` : "";
    return { unreadable: `the answer is no verdict document${where}` };
  }
  const document = parsed.data;
  if (header !== undefined && header !== document.verdict) {
    return { unreadable: "Scan-Verdict and the verdict document contradict each other" };
  }
  return judgementOf(document);
}

function judgementOf(document: z.output<typeof verdictDocument>): Verdict | Unreadable {
  const kind = kindOf(document.verdict);
  if (kind === undefined) {
    return { unreadable: `"${document.verdict}" is no answer to a whole entity` };
  }
  const threats = (document.threats ?? []).slice(0, MAX_THREATS).map(threatOf);
  const reason = reasonOf(document.reason) ?? reasonWithout(kind, threats);
  return {
    kind,
    threats,
    ...(reason !== undefined && { reason }),
    ...(document.message !== undefined && {
      message: document.message.slice(0, MAX_MESSAGE_LENGTH),
    }),
  };
}

/** `modified` brings content, which is not asked for; `pending` belongs to 202. */
function kindOf(word: VerdictWord): VerdictKind | undefined {
  switch (word) {
    case "continue":
    case "modified":
    case "pending":
      return undefined;
    default:
      return word;
  }
}

function threatOf(threat: Threat | Record<string, string | undefined>): Threat {
  const cut = Object.entries(threat).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    cut.map(([name, value]) => [name, String(value).slice(0, MAX_NAME_LENGTH)]),
  ) as unknown as Threat;
}

const reasons: readonly string[] = Object.values(VerdictReason);

/** The list of reasons is open in scan/v1 and closed here, where metrics carry it. */
function reasonOf(word: string | undefined): VerdictReason | undefined {
  return word !== undefined && reasons.includes(word) ? (word as VerdictReason) : undefined;
}

function reasonWithout(kind: VerdictKind, threats: readonly Threat[]): VerdictReason | undefined {
  if (kind === VerdictKind.Error) return VerdictReason.EngineError;
  if (kind !== VerdictKind.Blocked) return undefined;
  return threats.length > 0 ? VerdictReason.Malware : VerdictReason.Policy;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
