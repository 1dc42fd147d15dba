/** How far the message has come in. */
export const Progress = {
  Arriving: "arriving",
  /** The preview is complete and the client waits. */
  Held: "held",
  Ended: "ended",
} as const;
export type Progress = (typeof Progress)[keyof typeof Progress];

/** What becomes of the bytes of the body that arrive. */
export const BodyMode = {
  /** Read and forgotten: nobody needs them. */
  Drop: "drop",
  /** Sent back as they come. */
  Echo: "echo",
  /** Kept for the service's judgement. */
  Keep: "keep",
  /** More came than can be kept: the client is paused and what came waits for what that leads to. */
  Overflow: "overflow",
} as const;
export type BodyMode = (typeof BodyMode)[keyof typeof BodyMode];
