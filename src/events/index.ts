/**
 * Events for others, as CloudEvents over HTTP: what happened after an answer was given.
 *
 * Must not know: ICAP, services and their policy, settings. It holds nothing up: what cannot be sent is
 * counted.
 *
 * @module
 */
export { lateVerdictEvent } from "./cloud-event.ts";
export { Webhook, type WebhookOptions } from "./webhook.ts";
