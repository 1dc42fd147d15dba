/** What a primary asks of a worker. */
export const Order = {
  Drain: "drain",
  Abort: "abort",
  Report: "report",
  Reload: "reload",
  Ask: "ask",
  Inherit: "inherit",
} as const;
export type Order = (typeof Order)[keyof typeof Order];

export interface OrderMessage {
  readonly order: Order;
  /** Of a report or a question: names the answer that belongs to it. */
  readonly id?: number;
  readonly question?: unknown;
  /** What earlier workers left. */
  readonly legacy?: unknown;
}

/** How the start of a worker ended. */
export type StartMessage = { readonly ready: unknown } | { readonly failed: string };

/** What a worker tells its primary. */
export type WorkerMessage =
  | StartMessage
  | { readonly report: unknown; readonly id: number }
  | { readonly legacy: unknown }
  | { readonly inherits: true };
