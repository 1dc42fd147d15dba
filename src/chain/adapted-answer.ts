import type { IcapAnswer } from "../client/index.ts";
import type { KeptBody } from "../entity/index.ts";
import {
  type Fields,
  fieldValue,
  parseHttpHead,
  parseRequestLine,
  parseStatusLine,
} from "../protocol/index.ts";
import {
  errorVerdict,
  type Threat,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../scanning/index.ts";
import { type ReportedFinding, reportedFinding } from "./infection-fields.ts";
import type { OutgoingMessage } from "./outgoing-message.ts";

/** How an answer is to be read. */
export interface ReadingOptions {
  readonly sent: OutgoingMessage;
  readonly sentSha256: string;
  /** What other content is, where no field and no status says that it is a block page. */
  readonly replaced: "Blocked" | "Modified";
}

/** A verdict, or that the body of the answer is what the entity became. */
export type Reading =
  | { readonly verdict: Verdict }
  | { readonly mediaType: string | undefined; readonly threats: readonly Threat[] };

/** The ISTag of an answer without its quotes (RFC 3507 §4.7). */
export function tagOf(fields: Fields): string | undefined {
  return fieldValue(fields, "istag")
    ?.trim()
    .replace(/^"(.*)"$/, "$1");
}

/** Of X-Error-Code on an ICAP 500, as Nextcloud knows it from Kaspersky and others. */
const errorCodes: Readonly<Record<string, Verdict>> = {
  password_protected: unscannableVerdict(VerdictReason.Encrypted, "password_protected"),
  max_archive_layers_exceeded: unscannableVerdict(
    VerdictReason.ArchiveLimit,
    "max_archive_layers_exceeded",
  ),
  decode_error: unscannableVerdict(VerdictReason.Malformed, "decode_error"),
  file_type_blocked: blockedVerdict([], VerdictReason.Type, "file_type_blocked"),
  file_extension_blocked: blockedVerdict([], VerdictReason.Type, "file_extension_blocked"),
};

/**
 * What an answer says of the entity. Clean is only what the server let pass: 204, or the message
 * as it was sent. All that cannot be understood is `error`.
 */
export function readAnswer(answer: IcapAnswer, body: KeptBody, options: ReadingOptions): Reading {
  const finding = reportedFinding(answer.fields);
  if (finding !== undefined && !finding.isRepaired) return { verdict: blockedBy(finding) };
  switch (answer.status) {
    case 204:
      // It says that it repaired something, and gives back what it was given.
      return { verdict: finding === undefined ? passed(answer) : blockedBy(finding) };
    case 200:
    // Symantec Protection Engine says so of a message that it changed.
    case 201:
      return readMessage(answer, body, { ...options, finding });
    default:
      return { verdict: refused(answer) };
  }
}

interface Found {
  readonly finding: ReportedFinding | undefined;
}

function readMessage(answer: IcapAnswer, body: KeptBody, options: ReadingOptions & Found): Reading {
  const { finding } = options;
  // Nobody offered it (draft-icap-ext-partial-content), and what is here is not all of the body.
  if (answer.originalFrom !== undefined) {
    const why = "the server wants the rest of the original, which it was not offered";
    return { verdict: errorVerdict(VerdictReason.EngineError, why) };
  }
  const strange = otherMessage(answer, options.sent);
  if (strange !== undefined) {
    return { verdict: blockedVerdict(finding?.threats ?? [], VerdictReason.Policy, strange) };
  }
  if (body.sha256 !== options.sentSha256) return replaced(answer, options);
  return { verdict: finding === undefined ? passed(answer) : blockedBy(finding) };
}

function replaced(
  { requestHead, responseHead }: IcapAnswer,
  { sent, replaced: meaning, finding }: ReadingOptions & Found,
): Reading {
  const threats = finding?.threats ?? [];
  if (meaning === "Blocked" && finding === undefined) {
    const why = "the server put other content in place of it";
    return { verdict: blockedVerdict(threats, VerdictReason.Policy, why) };
  }
  const head = sent.method === "REQMOD" ? requestHead : responseHead;
  const { fields } = parseHttpHead(head.toString("latin1"));
  const coding = fieldValue(fields, "content-encoding");
  if (coding !== undefined && !/^\s*(?:identity)?\s*$/i.test(coding)) {
    const why = "the server gave changed content with a content coding that it was not sent with";
    return { verdict: errorVerdict(VerdictReason.EngineError, why) };
  }
  const type = fieldValue(fields, "content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  return { mediaType: type === "" ? undefined : type, threats };
}

/** Why what came is not the message that was sent, its body aside; undefined when it is. */
function otherMessage(answer: IcapAnswer, { method, target }: OutgoingMessage): string | undefined {
  const startOf = (head: Buffer): string => parseHttpHead(head.toString("latin1")).startLine;
  if (answer.responseHead.length > 0) {
    const status = parseStatusLine(startOf(answer.responseHead))?.status;
    // RFC 3507 §4.8.2: an HTTP response to a REQMOD is given to the user in place of what he asked for.
    if (method === "REQMOD") return `the server answered the request itself, HTTP ${status}`;
    return status === 200 ? undefined : `the server put HTTP ${status} in place of it`;
  }
  if (method === "RESPMOD") return undefined;
  const line = parseRequestLine(startOf(answer.requestHead));
  return line?.target === target ? undefined : "the server put another request in place of it";
}

/** Allowed; but Sluice says so also of what it could not judge, and tells why. */
function passed({ fields }: IcapAnswer): Verdict {
  const description = fieldValue(fields, "x-response-desc");
  const cause = /\bcause=([a-z-]+)/.exec(description ?? "")?.[1];
  if (cause === undefined || cause === "clean") return { kind: VerdictKind.Clean, threats: [] };
  const message = `allowed without a judgement: ${cause}`;
  return { kind: VerdictKind.Unknown, threats: [], message };
}

function refused({ status, reason, fields }: IcapAnswer): Verdict {
  const code = status >= 500 ? fieldValue(fields, "x-error-code")?.trim() : undefined;
  const known = code !== undefined && Object.hasOwn(errorCodes, code) && errorCodes[code];
  if (known) return known;
  const why = `answered ICAP ${status} ${reason}`.trimEnd();
  if (status === 413) return unscannableVerdict(VerdictReason.Size, why);
  const isBusy = status === 503 || status === 429;
  return errorVerdict(isBusy ? VerdictReason.Overload : VerdictReason.EngineError, why);
}

function blockedBy({ threats, reason }: ReportedFinding): Verdict {
  return blockedVerdict(threats, reason);
}

function blockedVerdict(
  threats: readonly Threat[],
  reason: VerdictReason,
  message?: string,
): Verdict {
  return { kind: VerdictKind.Blocked, reason, threats, ...(message !== undefined && { message }) };
}
