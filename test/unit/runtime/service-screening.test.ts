import { describe, expect, it } from "vitest";
import type { ServiceEntry } from "../../../src/resources/index.ts";
import { screeningOf } from "../../../src/runtime/service-screening.ts";
import type { Scanner } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { scannerOf } from "../../support/scan-service.ts";

const listed: ServiceEntry["scanners"][number] = {
  name: "urls",
  scanner: "IcapScanner/default/urls",
  mode: "Hold",
  role: "Judge",
  required: true,
  timeoutMs: 1000,
};

/** As far as screening is concerned. */
const entryOf = (scanners: ServiceEntry["scanners"]) =>
  ({
    name: "web",
    scanners,
    combine: { strategy: "AnyBlocks" },
    cache: { cleanTtlMs: 0, blockedTtlMs: 0 },
  }) as unknown as ServiceEntry;

const judged = (scanners: ServiceEntry["scanners"], known: ReadonlyMap<string, Scanner>) =>
  screeningOf(entryOf(scanners), known)?.judgeHeads(entityOf(""), scanContext());

describe("a message of heads alone", () => {
  it("is an error for a scanner that is not to be had: it may have judged by them", async () => {
    expect(await judged([listed], new Map())).toMatchObject({ kind: "error" });
  });

  it("is no question for scanners of content", async () => {
    const content = scannerOf({ kind: "blocked", threats: [] });
    expect(await judged([listed], new Map([[listed.scanner ?? "", content]]))).toBeUndefined();
  });
});
