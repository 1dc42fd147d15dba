import { createHash } from "node:crypto";
import type { Replacement, Verdict } from "../../../src/scanning/index.ts";

/** A replacement that knows how often it was given up. */
export class MadeReplacement implements Replacement {
  readonly body: Replacement["body"];
  readonly mediaType?: string;
  disposed = 0;

  constructor(text: string, mediaType?: string) {
    const data = Buffer.from(text);
    this.body = {
      content: { kind: "memory", data },
      size: data.length,
      sha256: createHash("sha256").update(data).digest("hex"),
      head: data,
    };
    if (mediaType !== undefined) this.mediaType = mediaType;
  }

  get verdict(): Verdict {
    return { kind: "modified", threats: [], replacement: this };
  }

  dispose(): void {
    this.disposed += 1;
  }
}
