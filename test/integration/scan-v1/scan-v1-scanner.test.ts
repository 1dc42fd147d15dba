import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import {
  afterUpload,
  answers,
  answersStatus,
  answersText,
  FakeScanner,
  inTurn,
} from "../../support/fake-scanner.ts";
import { entityOf, fileEntityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { clean, useFakeScanner, within } from "./scanner-under-test.ts";

const tenMegabytes = JSON.stringify({ verdict: "clean", x: "x".repeat(10_000_000) });
/** With a Content-Length: Node sends none of its own with a head that was written before. */
const answersWhole = (text: string) =>
  afterUpload((_request, response) => {
    const length = { "content-length": String(Buffer.byteLength(text)) };
    response.writeHead(200, { "content-type": "application/json", ...length }).end(text);
  });

describe("ScanV1Scanner", () => {
  const { running, scannerOf } = useFakeScanner();
  let fake: FakeScanner;
  beforeEach(() => {
    fake = running();
  });

  describe("asks", () => {
    it("with the bytes of memory", async () => {
      const scanner = await scannerOf();
      await scanner.scan(entityOf("the bytes"), scanContext());
      expect(fake.received[0]).toMatchObject({ method: "POST", path: "/v1/scan" });
      expect(fake.received[0]?.body.toString()).toBe("the bytes");
    });

    it("with the bytes of a range of a file, larger than any buffer on the way", async () => {
      const directory = new TempDirectory();
      const bytes = Buffer.alloc(3_000_001, "0123456789abcdef\n");
      const scanner = await scannerOf();
      await scanner.scan(fileEntityOf(bytes, directory.join("spool")), scanContext());
      directory.remove();
      const { headers, body } = fake.received[0] ?? {};
      expect(headers?.["content-length"]).toBe("3000001");
      expect(body?.equals(bytes)).toBe(true);
    });

    it("below the path of the base URL", async () => {
      const scanner = await scannerOf({ urls: [`${fake.url}/tenant/a/`] });
      await scanner.scan(entityOf("x"), scanContext());
      expect(fake.received[0]?.path).toBe("/tenant/a/v1/scan");
    });

    it("with what is known of the entity and its transaction", async () => {
      const scanner = await scannerOf();
      const entity = entityOf("%PDF-", {
        fileName: "cv é.pdf",
        declaredType: "text/plain",
        detectedType: "application/pdf",
      });
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      await scanner.scan(entity, { ...scanContext(), traceparent });
      const digest = createHash("sha256").update("%PDF-").digest("base64");
      expect(fake.received[0]?.headers).toMatchObject({
        "content-type": "text/plain",
        "content-length": "5",
        "content-digest": `sha-256=:${digest}:`,
        "content-disposition":
          "attachment; filename=\"cv ?.pdf\"; filename*=UTF-8''cv%20%C3%A9.pdf",
        "scan-id": "01JTESTTRANSACTION",
        "scan-service": "scan",
        "scan-direction": "respmod",
        "scan-stage": "full",
        "scan-total-length": "5",
        "scan-detected-type": "application/pdf",
        "scan-url": "http://files.example/report",
        traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/),
      });
    });

    it("with what is left of the time", async () => {
      const scanner = await scannerOf();
      await scanner.scan(entityOf("x"), within(30_000));
      const { headers } = fake.received[0] ?? {};
      expect(Number(headers?.["scan-deadline-ms"])).toBeLessThanOrEqual(30_000);
      expect(headers?.["prefer"]).toMatch(/^respond-async, wait=\d+$/);
    });

    it("with the credentials it is given", async () => {
      const auth = { name: "X-Api-Key", value: "s3cret" };
      const scanner = await scannerOf({ credentials: { auth } });
      await scanner.scan(entityOf("x"), scanContext());
      expect(fake.received[0]?.headers["x-api-key"]).toBe("s3cret");
    });

    it("a scanner that wants hashes only without the content", async () => {
      fake.info = { protocol: "scan/v1", inputs: ["hash"], maxBytes: 0 };
      const scanner = await scannerOf();
      await scanner.scan(entityOf("secret"), scanContext());
      const { headers, body } = fake.received[0] ?? {};
      expect(body).toHaveLength(0);
      expect(headers?.["repr-digest"]).toMatch(/^sha-256=:/);
      expect(headers?.["content-digest"]).toBeUndefined();
    });
  });

  describe("remembers verdicts by", () => {
    const info = { protocol: "scan/v1" };

    it.each([
      ["the content, of one that says nothing", info, "content"],
      ["what it declares", { ...info, cacheScope: "url" }, "url"],
      ["nothing, of a word of later versions", { ...info, cacheScope: "planet" }, "none"],
      ["content and URL, of one that reads the URL", { ...info, inputs: ["url"] }, "content+url"],
      ["nothing, of one that reads the heads", { ...info, inputs: ["content", "headers"] }, "none"],
      [
        "what it declares, whatever it reads",
        { ...info, inputs: ["url"], cacheScope: "content" },
        "content",
      ],
    ])("%s", async (_name, said, scope) => {
      fake.info = said;
      expect((await scannerOf()).cacheScope).toBe(scope);
    });

    it("the content, of one that is nothing but POST /v1/scan", async () => {
      fake.info = undefined;
      expect((await scannerOf()).cacheScope).toBe("content");
    });

    it("nothing while a replica says otherwise, or has not said it yet", async () => {
      fake.info = { ...info, cacheScope: "url" };
      const other = await FakeScanner.start();
      try {
        other.info = { ...info, cacheScope: "content" };
        expect((await scannerOf({ urls: [fake.url, other.url] })).cacheScope).toBe("none");
      } finally {
        await other.stop();
      }
      expect((await scannerOf({ urls: [fake.url, other.url] })).cacheScope).toBe("none");
    });
  });

  describe("takes for an answer", () => {
    it.each(["clean", "blocked", "suspicious", "unscannable", "unknown", "error"])(
      "the word %s",
      async (verdict) => {
        fake.script = answers({ verdict });
        const scanner = await scannerOf();
        expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe(verdict);
      },
    );

    it("threats, reason and message, and nothing else of them", async () => {
      fake.script = answers({
        verdict: "blocked",
        reason: "malware",
        message: "no",
        threats: [{ name: "Eicar", path: "a.zip/e.com", engine: "clamav", severity: "high" }],
        futureMember: { any: "thing" },
      });
      const scanner = await scannerOf();
      expect(await scanner.scan(entityOf("x"), scanContext())).toEqual({
        kind: "blocked",
        reason: "malware",
        message: "no",
        threats: [{ name: "Eicar", path: "a.zip/e.com", engine: "clamav" }],
      });
    });

    it.each([
      ["413", 413, "size"],
      ["415", 415, "type"],
    ])("%s as unscannable", async (_name, status, reason) => {
      fake.script = answersStatus(status);
      const scanner = await scannerOf();
      expect(await scanner.scan(entityOf("x"), scanContext())).toMatchObject({
        kind: "unscannable",
        reason,
      });
    });

    it("an early verdict while the upload of a file goes on", async () => {
      const directory = new TempDirectory();
      fake.script = (_request, response) => {
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ verdict: "blocked" }));
      };
      const scanner = await scannerOf();
      const entity = fileEntityOf(Buffer.alloc(32_000_000, "x"), directory.join("spool"));
      expect((await scanner.scan(entity, scanContext())).kind).toBe("blocked");
      directory.remove();
    });

    it.each<[string, string, readonly string[]]>([
      ["in pieces", "blocked", ['{"verdict":', '"blo', 'cked"}']],
      ["behind a byte order mark", "clean", ['\uFEFF{"verdict":"clean"}']],
    ])("a document %s", async (_name, kind, pieces) => {
      fake.script = afterUpload((_request, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        for (const piece of pieces) response.write(piece);
        response.end();
      });
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe(kind);
    });

    it("what comes behind early hints", async () => {
      fake.script = afterUpload((_request, response) => {
        response.writeEarlyHints({ link: "</v1/info>; rel=preload" }, () => {
          response
            .writeHead(200, { "content-type": "application/json" })
            .end('{"verdict":"blocked"}');
        });
      });
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("blocked");
    });

    it("a verdict that comes later, by polling", async () => {
      fake.script = inTurn(
        answersStatus(202, { location: "/v1/scans/7?a=b", "retry-after": "0" }),
        answersStatus(202, { "retry-after": "0" }),
        answers({ verdict: "blocked" }),
      );
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), within(60_000))).kind).toBe("blocked");
      expect(fake.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
        "POST /v1/scan",
        "GET /v1/scans/7?a=b",
        "GET /v1/scans/7?a=b",
      ]);
    });

    it("pending when the time is up, and tells the scanner", async () => {
      const { promise: cancelled, resolve } = Promise.withResolvers<void>();
      fake.script = afterUpload((request, response) => {
        if (request.method === "DELETE") resolve();
        // The poll behind the first one would come when the time is up.
        const pause = request.method === "POST" ? "0" : "86400";
        response.writeHead(202, { location: "/v1/scans/7", "retry-after": pause }).end();
      });
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), within(20_000))).kind).toBe("pending");
      await cancelled;
    });
  });

  describe("never takes for clean", () => {
    it.each([
      ["an unknown word", answers({ verdict: "fine" })],
      ["a word in capitals", answers({ verdict: "CLEAN" })],
      ["no word", answers({})],
      ["an array", answersText('["clean"]')],
      ["a text that is not JSON", answersText("clean")],
      ["half a document", answersText('{"verdict":"clean"')],
      ["nothing", answersText("")],
      ["a web page", answersText("<html>", "text/html")],
      ["a document of another type", answersText('{"verdict":"clean"}', "text/plain")],
      ["10 MB of JSON", answersText(tenMegabytes)],
      ["10 MB of JSON whose length is told", answersWhole(tenMegabytes)],
      ["threats of another form", answers({ verdict: "clean", threats: "none" })],
      ["a header that contradicts", answers(clean, { "scan-verdict": "blocked" })],
      ["an encoded document", answers(clean, { "content-encoding": "gzip" })],
      ["continue", answers({ verdict: "continue" })],
      ["modified without content", answers({ verdict: "modified" })],
      ["pending without 202", answers({ verdict: "pending" })],
      ["202 without a Location", answersStatus(202)],
      ["202 to another origin", answersStatus(202, { location: "http://127.0.0.1:1/v1/scans/1" })],
      ["a redirect", answersStatus(307, { location: "/v1/scan" })],
      ["204", answersStatus(204)],
      ["404", answersStatus(404)],
      ["500", answersStatus(500)],
    ])("%s", async (_name, script) => {
      fake.script = script;
      const scanner = await scannerOf();
      expect(await scanner.scan(entityOf("x"), within(60_000))).toMatchObject({
        kind: "error",
        reason: "engine-error",
      });
      expect(fake.received).toHaveLength(1);
    });

    it("a head beyond the limit", async () => {
      fake.script = answers(clean, { "x-large": "x".repeat(20_000) });
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("error");
    });

    it("an answer cut short", async () => {
      fake.script = afterUpload((_request, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "99" });
        response.write('{"verdict":"clean"}', () => response.destroy());
      });
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("error");
    });

    it("a scan that is lost while it is polled", async () => {
      fake.script = inTurn(
        answersStatus(202, { location: "/v1/scans/7", "retry-after": "0" }),
        answersStatus(410),
      );
      const scanner = await scannerOf();
      expect((await scanner.scan(entityOf("x"), within(60_000))).kind).toBe("error");
    });
  });

  describe("does not send", () => {
    it("more than the scanner takes", async () => {
      fake.info = { protocol: "scan/v1", maxBytes: 10 };
      const scanner = await scannerOf();
      expect(await scanner.scan(entityOf("12345678901"), scanContext())).toMatchObject({
        kind: "unscannable",
        reason: "size",
      });
      expect(scanner.maxBytes).toBe(10);
      expect(fake.received).toHaveLength(0);
    });

    it("a type that the scanner rejects, whatever the sender calls it", async () => {
      fake.info = { protocol: "scan/v1", types: { accept: ["*/*"], reject: ["video/*"] } };
      const scanner = await scannerOf();
      const entity = entityOf("x", { declaredType: "text/plain", detectedType: "video/mp4" });
      expect(await scanner.scan(entity, scanContext())).toMatchObject({
        kind: "unscannable",
        reason: "type",
      });
      expect(fake.received).toHaveLength(0);
    });
  });
});
