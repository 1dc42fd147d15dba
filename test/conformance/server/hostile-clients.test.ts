import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NEEDS_MORE, type Outcome, Router, type Service } from "../../../src/services/index.ts";
import { Cause } from "../../../src/telemetry/index.ts";
import { bytesOf, hostileBytes, pieces } from "../../property/protocol/hostile-bytes.ts";
import { writtenRequest } from "../../property/protocol/written-requests.ts";
import { takeIcapAnswer } from "../../support/icap-answer.ts";
import {
  blockedOutcome,
  echoService,
  scriptedService,
  unmodifiedOutcome,
} from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";

const modified: Outcome = {
  kind: "modified",
  head: "HTTP/1.1 200 OK\r\n\r\n",
  body: { kind: "original", prefix: Buffer.from("NEW"), offset: 2 },
  report: { cause: Cause.Verdict, fields: "" },
};

/** One service for each moment and kind of decision. */
const services: readonly Service[] = [
  echoService(),
  scriptedService({ maxEntityBytes: 30, judge: () => Promise.resolve(unmodifiedOutcome) }),
  scriptedService({ decide: () => blockedOutcome }),
  scriptedService({ decide: (preview) => (preview === undefined ? NEEDS_MORE : blockedOutcome) }),
  scriptedService({ decide: () => modified }),
  scriptedService({ judge: () => Promise.resolve(modified) }),
  scriptedService({ methods: ["REQMOD"] }),
  scriptedService({ judge: () => new Promise((resolve) => setImmediate(resolve, blockedOutcome)) }),
];

/** Finds some service under every path but the root. */
class AnyRouter extends Router {
  override find(path: string): Service | undefined {
    return path === "/"
      ? undefined
      : services[(path.length + path.charCodeAt(1)) % services.length];
  }
}

let under: ServerUnderTest;
beforeAll(async () => {
  under = await ServerUnderTest.start({ spool: { memoryBytes: 32 } });
  under.engine.replaceRouter(new AnyRouter([]));
});
afterAll(() => under.close());

/** Sends the pieces, then the end, as fast as the server takes them; returns all that came back. */
async function converse(reads: readonly Buffer[]): Promise<Buffer> {
  using connection = await under.connect();
  // The server may have closed by then.
  await connection.send(...reads).catch(() => {});
  connection.endSending();
  return await connection.readToEnd();
}

/** The statuses of the answers; the last may have been cut. Throws at bytes that are no answer. */
function statusesOf(bytes: Buffer): readonly number[] {
  const statuses: number[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const answer = takeIcapAnswer(rest);
    if (answer === undefined) break;
    statuses.push(answer.status);
    rest = rest.subarray(answer.raw.length);
  }
  return statuses;
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });
/** What a client may send without waiting for an answer: nothing behind a preview. */
const unwaiting = writtenRequest.filter(({ events }) => !events.includes("preview-end"));

describe("a client that sends anything at all", () => {
  it("gets answers in good form and then the end, and leaves nothing behind [conformance 195]", async () => {
    await fc.assert(
      fc.asyncProperty(hostileBytes, cuts, async (input, at) => {
        statusesOf(await converse(pieces(input, at)));
        const { metrics, spools } = under;
        await under.until(() => metrics.closed === metrics.opened, "the connection's end");
        expect(metrics.ended).toBe(metrics.started);
        // Files are removed in their own time.
        await expect
          .poll(() => [spools.budget.memoryBytes, spools.budget.diskBytes], { timeout: 15_000 })
          .toEqual([0, 0]);
        expect(under.logged("error")).toEqual([]);
      }),
      { numRuns: 600, interruptAfterTimeLimit: 15_000 },
    );
  });

  it("gets an answer to each request that is in order [conformance 145, 195]", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(unwaiting, { minLength: 1, maxLength: 4 }),
        cuts,
        async (requests, at) => {
          const closing = requests.findIndex(({ events }) => / closes\b/.test(events[0] ?? ""));
          const expected = closing < 0 ? requests.length : closing + 1;
          const answers = statusesOf(
            await converse(pieces(bytesOf(requests.map(({ bytes }) => bytes).join("")), at)),
          );
          expect(answers.filter((status) => status !== 100)).toHaveLength(expected);
        },
      ),
      { numRuns: 300, interruptAfterTimeLimit: 15_000 },
    );
  });
});
