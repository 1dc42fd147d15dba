import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../../../src/protocol/index.ts";
import { AtPreview, requestEvents } from "../../support/request-events.ts";
import { bytesOf, hostileBytes, leniency, lowLimits, pieces } from "./hostile-bytes.ts";
import { writtenRequest } from "./written-requests.ts";

const cuts = fc.array(fc.nat(), { maxLength: 30 });
const atPreview = fc.constantFrom(...Object.values(AtPreview));

describe("any requests that a client writes", () => {
  it("are told as they were written, wherever the bytes are cut [conformance 80]", () => {
    fc.assert(
      fc.property(
        fc.array(writtenRequest, { minLength: 1, maxLength: 4 }),
        cuts,
        (requests, at) => {
          const input = bytesOf(requests.map(({ bytes }) => bytes).join(""));
          const events = requests.flatMap((request) => request.events);
          expect(requestEvents(pieces(input, at))).toEqual(events);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("any bytes at all", () => {
  it("give the same events wherever they are cut, whatever the limits [conformance 195]", () => {
    fc.assert(
      fc.property(
        hostileBytes,
        cuts,
        fc.record({ limits: lowLimits, leniency }),
        atPreview,
        (input, at, parser, behaviour) => {
          const options = { parser, atPreview: behaviour };
          expect(requestEvents(pieces(input, at), options)).toEqual(
            requestEvents([input], options),
          );
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("give the same events byte by byte [conformance 195]", () => {
    fc.assert(
      fc.property(hostileBytes, lowLimits, (input, limits) => {
        const single = Array.from(input, (_byte, i) => input.subarray(i, i + 1));
        const options = { parser: { limits } };
        expect(requestEvents(single, options)).toEqual(requestEvents([input], options));
      }),
      { numRuns: 1000 },
    );
  });

  it("give no error but those of the registry, with its status [conformance 195]", () => {
    fc.assert(
      fc.property(hostileBytes, lowLimits, (input, limits) => {
        const errors = requestEvents([input], { parser: { limits } }).flatMap((event) => {
          const [, code, status] = /^error (\w+) (\d+) /.exec(event) ?? [];
          return code === undefined ? [] : [{ code, status: Number(status) }];
        });
        for (const { code, status } of errors) {
          expect(ERRORS[code as keyof typeof ERRORS].status).toBe(status);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("are swallowed behind an error that closes [conformance 195]", () => {
    fc.assert(
      fc.property(hostileBytes, writtenRequest, (input, request) => {
        const before = requestEvents([input]);
        fc.pre(before.at(-1)?.endsWith(" closes") ?? false);
        expect(requestEvents([input, bytesOf(request.bytes)])).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });
});
