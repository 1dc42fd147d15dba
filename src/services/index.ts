/**
 * What is offered: services, the router that finds them, and what they tell of an outcome. Knows
 * messages, entities and scanners; must not know sockets, or how an answer is framed on the wire.
 *
 * @module
 */
export {
  type BlockPageOptions,
  BlockPages,
  type BlockStatus,
  parseContact,
  parseTemplate,
} from "./block-page/index.ts";
export { decodeIdentity } from "./facts/identity.ts";
export { Message } from "./message.ts";
export {
  failedWith,
  type HttpReplacement,
  type ModifiedBody,
  type Outcome,
  type OutcomeReport,
  type ReplacedContent,
  releaseOutcome,
} from "./outcome.ts";
export type { Overrides } from "./overrides.ts";
export { Router } from "./router.ts";
export { passes } from "./rules/index.ts";
export { ScanService, type ScanServiceOptions } from "./scan-service.ts";
export {
  type EarlyJudgement,
  type Examination,
  type MessageSource,
  NEEDS_MORE,
  type ReceivedBody,
  type Service,
} from "./service.ts";
