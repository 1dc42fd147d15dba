import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  afterUpload,
  answers,
  answersStatus,
  FakeScanner,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import { CombiningService } from "./combining-service.ts";

const clean = answers({ verdict: "clean" });
const blocked = answers({ verdict: "blocked", threats: [{ name: "Test-Threat" }] });
const broken = answersStatus(500);
const hangs: ScannerScript = afterUpload(() => {});
const modified = (content: string): ScannerScript =>
  afterUpload((_request, response) => {
    response
      .writeHead(200, {
        "scan-verdict": "modified",
        "scan-result": Buffer.from('{"verdict":"modified"}').toString("base64url"),
        "content-type": "text/plain",
        "content-length": Buffer.byteLength(content),
      })
      .end(content);
  });

const passed = { status: 204, outcome: "unmodified" };

describe("a service with several scanners over HTTP", () => {
  const fakes = new Map<string, FakeScanner>();
  let service: CombiningService;
  beforeAll(async () => {
    for (const name of ["a", "b", "c"]) fakes.set(name, await FakeScanner.start());
    const scanners = new Map([...fakes].map(([name, { url }]) => [name, url]));
    service = await CombiningService.start(scanners, {
      any: { scanners: ["a", "b", "c"] },
      first: { scanners: ["a", "b"], combine: "{ strategy: First }" },
      quorum: { scanners: ["a", "b", "c"], combine: "{ strategy: Quorum, quorum: { count: 2 } }" },
      score: {
        scanners: ["a", "b"],
        combine: "{ strategy: Score, score: { thresholdPercent: 60 } }",
      },
      optional: { scanners: ["a", "b: required: false"] },
      impatient: { scanners: ["a", "b: required: false, timeout: 100ms"] },
      hasty: { scanners: ["a", "b: timeout: 100ms", "c"] },
      shadow: { scanners: ["a", "b: mode: Shadow"] },
      modifiers: { scanners: ["b: role: Modifier", "a", "c: role: Modifier"] },
    });
  });
  afterAll(async () => {
    await service?.stop();
    for (const fake of fakes.values()) await fake.stop();
  });
  beforeEach(() => {
    scripted(clean, clean, clean);
  });

  /** What the scanners do from now on. */
  function scripted(...scripts: readonly ScannerScript[]): void {
    for (const [index, fake] of [...fakes.values()].entries()) {
      fake.script = scripts[index] ?? clean;
      fake.received.length = 0;
    }
  }

  const asked = (name: string): number => fakes.get(name)?.received.length ?? 0;

  /** A script that hangs, and the connection of the request that it got. */
  function hanging(): {
    readonly script: ScannerScript;
    readonly request: Promise<IncomingMessage>;
  } {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    return { script: afterUpload((request) => resolve(request)), request: promise };
  }

  describe("AnyBlocks", () => {
    it("passes what all call clean", async () => {
      expect(await service.judge("any")).toMatchObject({ ...passed, cause: "clean" });
      expect(["a", "b", "c"].map(asked)).toEqual([1, 1, 1]);
    });

    it("blocks when one does, with its threat, and tells those that still work to stop", async () => {
      const slow = hanging();
      scripted(clean, blocked, slow.script);
      const { answer, outcome } = await service.judge("any");
      expect([outcome, icapField(answer, "X-Infection-Found")]).toEqual([
        "blocked",
        "Type=0; Resolution=2; Threat=Test-Threat;",
      ]);
      const { socket } = await slow.request;
      if (!socket.destroyed) await once(socket, "close");
    });

    it("does not let a failure be outvoted", async () => {
      scripted(clean, broken, clean);
      expect(await service.judge("any")).toMatchObject({ outcome: "blocked", cause: "error" });
    });
  });

  describe("First", () => {
    it("answers with the first opinion, and counts the other as no failure", async () => {
      const failures = () =>
        service.metric("sluice_scanner_verdicts_total", 'scanner="a",verdict="error"');
      const before = await failures();
      scripted(hangs, clean);
      expect(await service.judge("first")).toMatchObject({ ...passed, cause: "clean" });
      expect(await failures()).toBe(before);
    });

    it("leaves the word to the other when one fails", async () => {
      scripted(broken, blocked);
      expect(await service.judge("first")).toMatchObject({ outcome: "blocked", cause: "verdict" });
    });

    it("is in doubt when all fail", async () => {
      scripted(broken, broken);
      expect(await service.judge("first")).toMatchObject({ outcome: "blocked", cause: "error" });
    });
  });

  describe("Quorum", () => {
    it("outvotes a single block, and names it in the log", async () => {
      scripted(blocked, clean, clean);
      expect(await service.judge("quorum")).toMatchObject({ ...passed, cause: "clean" });
      const isOutvoted = ({ outcome, threats }: Readonly<Record<string, unknown>>) =>
        outcome === "unmodified" && String(threats) === "Test-Threat";
      await expect.poll(() => service.lines("transaction").some(isOutvoted)).toBe(true);
    });

    it("blocks when enough do, without waiting for the rest", async () => {
      scripted(blocked, blocked, hangs);
      expect(await service.judge("quorum")).toMatchObject({ outcome: "blocked", cause: "verdict" });
    });

    it("passes as soon as the quorum is out of reach", async () => {
      scripted(clean, clean, hangs);
      expect(await service.judge("quorum")).toMatchObject({ ...passed, cause: "clean" });
    });

    it("is in doubt when a failure could have made the quorum", async () => {
      scripted(blocked, broken, clean);
      expect(await service.judge("quorum")).toMatchObject({ outcome: "blocked", cause: "error" });
    });
  });

  describe("Score", () => {
    it("blocks by the threshold of the service, even what its scanner calls clean", async () => {
      scripted(answers({ verdict: "clean", score: 0.7 }), clean);
      expect(await service.judge("score")).toMatchObject({ outcome: "blocked", cause: "verdict" });
    });

    it("is suspicious of a block below the threshold", async () => {
      scripted(answers({ verdict: "blocked", score: 0.3 }), clean);
      expect(await service.judge("score")).toMatchObject({ ...passed, cause: "suspicious" });
    });
  });

  describe("an optional scanner", () => {
    it("that fails changes nothing, and is told in the log and a metric", async () => {
      scripted(clean, broken);
      expect(await service.judge("optional")).toMatchObject({ ...passed, cause: "clean" });
      await expect
        .poll(() => service.lines("optional scanner has no opinion").at(-1))
        .toMatchObject({ service: "optional", scanner: "b", verdict: "error" });
      expect(
        await service.metric("sluice_optional_failures_total", 'service="optional",scanner="b"'),
      ).toBeGreaterThan(0);
    });

    it("that finds something blocks", async () => {
      scripted(clean, blocked);
      expect(await service.judge("optional")).toMatchObject({ outcome: "blocked" });
    });

    it("is waited for up to its own timeout", async () => {
      scripted(clean, hangs);
      expect(await service.judge("impatient")).toMatchObject({ ...passed, cause: "clean" });
    });
  });

  describe("a scanner in shadow", () => {
    it("changes nothing by what it finds, and is told in the log and a metric", async () => {
      const judgements = () =>
        service.metric("sluice_scanner_verdicts_total", 'scanner="b",verdict="blocked"');
      const before = await judgements();
      const afterShadow = afterUpload(async (request, response) => {
        await expect.poll(judgements).toBeGreaterThan(before);
        await clean(request, response);
      });
      scripted(afterShadow, blocked);
      expect(await service.judge("shadow")).toMatchObject({ ...passed, cause: "clean" });
      const labels = 'service="shadow",scanner="b",verdict="blocked",counted="clean"';
      expect(await service.metric("sluice_shadow_verdicts_total", labels)).toBe(1);
      await expect
        .poll(() => service.lines("shadow verdict"))
        .toMatchObject([{ service: "shadow", scanner: "b", verdict: "blocked", counted: "clean" }]);
    });

    it("is not waited for, and dropped with the transaction", async () => {
      const slow = hanging();
      scripted(clean, slow.script);
      expect(await service.judge("shadow")).toMatchObject({ ...passed, cause: "clean" });
      const labels = 'service="shadow",scanner="b",verdict="dropped",counted="clean"';
      await expect
        .poll(() => service.metric("sluice_shadow_verdicts_total", labels))
        .toBeGreaterThan(0);
    });

    it("that reads slowly is never sent bytes of another transaction", async () => {
      const { promise: reading, resolve } = Promise.withResolvers<IncomingMessage>();
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      // The judge waits for the shadow's request, which is dropped with the answer.
      const cleanAfterwards: ScannerScript = (request, response) =>
        void reading.then(() => clean(request, response));
      scripted(cleanAfterwards, (request) => resolve(request.once("close", close)));
      const bodies = ["x", "!", "?", "#"].map((byte) => byte.repeat(1_500_000));
      await service.judge("shadow", bodies[0]);
      const first = await reading;
      for (const body of bodies.slice(1)) await service.judge("hasty", body);
      const foreign: number[] = [];
      first.on("data", (bytes: Buffer) => {
        for (const byte of bytes) if (byte !== 0x78) foreign.push(byte);
      });
      await closed;
      expect(foreign).toEqual([]);
    });
  });

  describe("modifiers", () => {
    const bodyOf = ({ body }: IcapAnswer) => body?.toString();

    it("work one after the other on what the judge lets pass", async () => {
      scripted(clean, modified("made by b"), modified("made by c"));
      const judged = await service.judge("modifiers", "original");
      expect([judged.outcome, bodyOf(judged.answer)]).toEqual(["modified", "made by c"]);
      expect(fakes.get("c")?.received.map(({ body }) => body.toString())).toEqual(["made by b"]);
      expect(fakes.get("a")?.received.map(({ body }) => body.toString())).toEqual(["original"]);
    });

    it("are not asked about what the judge blocks", async () => {
      scripted(blocked, modified("new"), modified("newer"));
      expect(await service.judge("modifiers")).toMatchObject({ outcome: "blocked" });
      expect([asked("b"), asked("c")]).toEqual([0, 0]);
    });

    it("pass on nothing half made when one fails", async () => {
      scripted(clean, modified("half made"), broken);
      const judged = await service.judge("modifiers", "original");
      expect(judged).toMatchObject({ outcome: "blocked", cause: "error" });
      expect(bodyOf(judged.answer)).not.toContain("half made");
    });

    it("leave the message as it came when none changes it", async () => {
      expect(await service.judge("modifiers")).toMatchObject({ ...passed, cause: "clean" });
    });
  });

  it("counts a judge that replaces the entity as an error", async () => {
    scripted(modified("new"), clean, clean);
    expect(await service.judge("any")).toMatchObject({ outcome: "blocked", cause: "error" });
  });
});
