/**
 * What is offered: services, the router that finds them, and what they tell of an outcome. Knows
 * messages, entities and scanners; must not know sockets, or how an answer is framed on the wire.
 *
 * @module
 */
export { EchoService, type EchoServiceOptions } from "./echo-service.ts";
export { decodeIdentity } from "./identity.ts";
export { makeIstag } from "./istag.ts";
export { Message } from "./message.ts";
export { type OptionsFacts, optionsFields } from "./options-fields.ts";
export type { HttpReplacement, ModifiedBody, Outcome, OutcomeReport } from "./outcome.ts";
export { Router } from "./router.ts";
export { type JudgeContext, NEEDS_MORE, type ReceivedBody, type Service } from "./service.ts";
