import { DEFAULT_WIRE_LIMITS, ResponseParser } from "../../src/protocol/index.ts";
import { randomNumbers } from "./random-numbers.ts";

/**
 * Reads the input as answers of an ICAP server, whole and cut at random, and throws when that makes a
 * difference.
 *
 * @returns the kinds of what was told, in order
 */
export function fuzz(data: Buffer): string {
  const input = data.subarray(1);
  const whole = eventsOf([input]);
  const next = randomNumbers(data[0] ?? 0);
  const pieces: Buffer[] = [];
  for (let at = 0; at < input.length; ) {
    const end = at + 1 + next(30);
    pieces.push(input.subarray(at, end));
    at = end;
  }
  const cut = eventsOf(pieces);
  if (cut.join("\n") !== whole.join("\n")) {
    throw new Error(`whole:\n${whole.join("\n")}\ncut:\n${cut.join("\n")}`);
  }
  return whole.map((event) => event.replace(/ .*/s, "")).join("\n");
}

function eventsOf(pieces: readonly Buffer[]): readonly string[] {
  const events: string[] = [];
  let body = "";
  const parser = new ResponseParser(
    {
      onContinue: () => events.push("continue"),
      onHead: ({ status, body: kind, requestHead, responseHead }) => {
        events.push(
          `head-${status}-${kind} ${requestHead.toString("hex")} ${responseHead.toString("hex")}`,
        );
      },
      onBody: (bytes, start, end) => {
        body += bytes.toString("latin1", start, end);
      },
      onEnd: (originalFrom) => {
        events.push(`end ${originalFrom} ${body}`);
        body = "";
      },
    },
    { ...DEFAULT_WIRE_LIMITS, headBytes: 300, encapsulatedBytes: 100, chunkLineBytes: 40 },
  );
  for (const piece of pieces) {
    const fault = parser.feed(piece);
    // What it says may show more of the bytes when more have come.
    if (fault !== undefined)
      return [...events, `body ${body}`, `fault-${fault.message.replace(/".*/s, "")}`];
  }
  return [...events, `body ${body}`];
}
