import type { IcapRequest } from "../protocol/index.ts";
import type { Outcome } from "../services/index.ts";

/** What the client leaves to the server at this point of the message. */
export interface Leave {
  /** 204 is legal (RFC 3507 §4.5, §4.6). */
  readonly omitBody: boolean;
  /** 206 is legal (draft-icap-ext-partial-content). */
  readonly referToOriginal: boolean;
}

/**
 * Within the preview always, else where the client allows it (RFC 3507 §4.5, §4.6).
 *
 * @param continued `100 Continue` was sent, and the client has let go of its preview
 */
export function leaveOf(icap: IcapRequest, continued: boolean): Leave {
  const { allows204, allows206, previewBytes } = icap;
  const omitBody = allows204 || (previewBytes >= 0 && !continued);
  return { omitBody, referToOriginal: allows206 && omitBody };
}

/** The answer has to carry bytes of the original's body. */
export function carriesOriginal(outcome: Outcome, leave: Leave): boolean {
  if (outcome.kind !== "modified" || outcome.body.kind !== "original") return false;
  return !leave.referToOriginal;
}
