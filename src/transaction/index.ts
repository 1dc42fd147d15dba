/**
 * One request's life: the body that is kept, echoed or dropped, the judgement, the answer and the
 * record. Drives a `ClientLink` that the server implements; must not know sockets or scanners.
 *
 * @module
 */
export type { ClientLink } from "./client-link.ts";
export { TransactionEngine, type TransactionEngineOptions } from "./engine.ts";
export { refuseRequest } from "./refuse-request.ts";
export { Transaction } from "./transaction.ts";
