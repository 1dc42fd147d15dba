import { z } from "zod";

const text = z.string().optional();

export const recipientSchema = z.strictObject({
  transactionId: z.string(),
  service: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  url: text,
  /** These two only where the service records who its users are. */
  clientIp: text,
  user: text,
  /** The message was let pass; false: its receiver was told to come again. */
  delivered: z.boolean(),
});

/** Who asked for an entity before its verdict was there. */
export type Recipient = Readonly<z.output<typeof recipientSchema>>;

/** So many are named; more are counted. */
export const MAX_RECIPIENTS = 100;

/** Those who asked here and those who asked elsewhere, each once. */
export function distinctRecipients(all: readonly Recipient[]): Recipient[] {
  const byTransaction = new Map(all.map((one) => [one.transactionId, one]));
  return [...byTransaction.values()].sort((a, b) => a.at - b.at);
}
