import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Entity, type EntityContent, readContent } from "../../../src/entity/index.ts";
import {
  type CombineStrategy,
  DeadlineScanner,
  type Scanner,
  ScannerSet,
  ShadowedScanner,
  type Verdict,
} from "../../../src/scanning/index.ts";
import type { IcapAnswer } from "../../support/icap-answer.ts";
import { icapRequest, requestHead } from "../../support/icap-request.ts";
import { scannerOf, startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { head } from "../../support/wire-text.ts";

const clean: Verdict = { kind: "clean", threats: [] };

/** Does not hear that it is to stop: reads on until the test ends it. */
class DeafScanner {
  readonly asked: Entity[] = [];
  #ends: ((verdict: Verdict) => void)[] = [];

  readonly scanner: Scanner = {
    ...scannerOf(clean),
    name: "deaf",
    scan: (entity) => {
      this.asked.push(entity);
      return new Promise((resolve) => this.#ends.push(resolve));
    },
  };

  end(): void {
    for (const end of this.#ends.splice(0)) end(clean);
  }

  /** What it sees at this moment of the first entity that it was asked about. */
  get sees(): string {
    const content = this.asked[0]?.content;
    return content?.kind === "memory" ? content.data.toString() : "no memory";
  }
}

describe("the memory of a body that passed as clean", () => {
  const deaf = new DeafScanner();
  const member = (name: string, scanner: Scanner, required = true) => ({
    name,
    required,
    scanner: new DeadlineScanner(scanner, { timeoutMs: 50 }),
  });
  const set = (strategy: CombineStrategy, required: boolean) =>
    new ScannerSet([member("fast", scannerOf(clean)), member("deaf", deaf.scanner, required)], {
      name: "set",
      strategy,
    });
  let under: ServerUnderTest;
  beforeAll(async () => {
    const shadows = [member("deaf", deaf.scanner)];
    const shadowed = new ShadowedScanner(scannerOf(clean), { shadows, onAnswer: () => {} });
    under = await startScanning([
      { name: "plain", path: "/plain", scanner: scannerOf(clean) },
      { name: "shadow", path: "/shadow", scanner: shadowed },
      { name: "first", path: "/first", scanner: set({ type: "First" }, true) },
      { name: "optional", path: "/optional", scanner: set({ type: "AnyBlocks" }, false) },
    ]);
  });
  afterAll(async () => {
    await under?.close();
  });
  beforeEach(() => {
    deaf.asked.length = 0;
  });

  async function send(
    path: string,
    body: string,
    fields: readonly string[] = [],
  ): Promise<IcapAnswer> {
    const connection = await under.connect();
    const response = head("HTTP/1.1 200 OK", "Content-Type: text/plain", ...fields);
    const bytes = Buffer.from(body, "latin1");
    const request = icapRequest({ method: "RESPMOD", path, fields: ["Allow: 204"], body });
    await connection.send(
      fields.length === 0
        ? request
        : Buffer.concat([
            Buffer.from(
              head(
                `RESPMOD icap://127.0.0.1${path} ICAP/1.0`,
                "Host: 127.0.0.1",
                "Allow: 204",
                `Encapsulated: req-hdr=0, res-hdr=${requestHead.length}, res-body=${requestHead.length + response.length}`,
              ) +
                requestHead +
                response,
            ),
            Buffer.from(`${bytes.length.toString(16)}\r\n`),
            bytes,
            Buffer.from("\r\n0\r\n\r\n"),
          ]),
    );
    const answer = await connection.readAnswer();
    connection.close();
    return answer;
  }

  const ended = (count: number) => under.until(() => under.records.length >= count, "the records");

  it.each([
    ["a scanner in shadow", "/shadow"],
    ["a judge that lost", "/first"],
    ["an optional judge that ran out of time", "/optional"],
  ])("is not used again while %s reads it", async (_, path) => {
    const before = under.records.length;
    expect((await send(path, "x".repeat(5000))).status).toBe(204);
    await ended(before + 1);
    expect(under.records.at(-1)).toMatchObject({ cause: "clean" });
    for (const body of ["!", "?"]) await send("/plain", body.repeat(5000));
    await ended(before + 3);
    expect(deaf.sees).toBe("x".repeat(5000));
    expect(under.spools.budget.memoryBytes).toBeGreaterThan(0);
    deaf.end();
    await expect.poll(() => under.spools.budget.memoryBytes).toBe(0);
  });

  it("is kept, as the file is, for a shadow that reads what was decoded of it", async () => {
    const before = under.records.length;
    const decoded = "y".repeat(400_000);
    const body = gzipSync(decoded).toString("latin1");
    expect((await send("/shadow", body, ["Content-Encoding: gzip"])).status).toBe(204);
    await ended(before + 1);
    const content = deaf.asked[0]?.content as EntityContent;
    expect(content.kind).toBe("file");
    const pieces: Buffer[] = [];
    for await (const piece of readContent(content)) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe(decoded);
    deaf.end();
    await expect.poll(() => under.spools.budget.diskBytes).toBe(0);
  });

  it("is used again at once where nobody reads it", async () => {
    const before = under.records.length;
    await send("/plain", "z".repeat(5000));
    await ended(before + 1);
    expect(under.spools.budget.memoryBytes).toBe(0);
  });
});
