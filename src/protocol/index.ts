/**
 * The wire: RFC 3507 bytes ⇄ values. Pure: knows no socket, clock, logger or configuration, and
 * imports nothing of the rest of Sluice.
 *
 * @module
 */
export {
  type AnswerHead,
  answerHead,
  CONTINUE,
  chunkSizeLine,
  encapsulatedValue,
  LAST_CHUNK,
  NULL_BODY,
  useOriginalBody,
} from "./answer-head.ts";
export type { Encapsulated } from "./encapsulated.ts";
export { ERRORS, type ErrorCode, type IcapError, icapError, shown } from "./errors.ts";
export { type Fields, fieldValue, fieldValues, listHas } from "./fields.ts";
export {
  type HttpHead,
  type HttpRequestLine,
  type HttpStatusLine,
  parseHttpHead,
  parseRequestLine,
  parseStatusLine,
} from "./http-head.ts";
export { hasBody, type IcapRequest, Method } from "./icap-head.ts";
export { DEFAULT_LENIENCY, type Leniency } from "./leniency.ts";
export { DEFAULT_WIRE_LIMITS, type WireLimits } from "./limits.ts";
export {
  type HeadBytes,
  ParserState,
  RequestParser,
  type RequestParserOptions,
  type RequestSink,
} from "./request-parser.ts";
export {
  type IcapResponse,
  type ResponseFault,
  ResponseParser,
  type ResponseSink,
} from "./response-parser.ts";
export type { ServiceUri } from "./service-uri.ts";
export { REASON_PHRASES, type Status } from "./status.ts";
