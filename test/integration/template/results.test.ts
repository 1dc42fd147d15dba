import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { answers, answersStatus, answersText } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { useVendor, within } from "./template-under-test.ts";

describe("what an answer means", () => {
  const { vendor, scannerOf } = useVendor();
  const scan = async (rest: string, context = {}) => {
    const scanner = await scannerOf(
      `steps: [{ name: scan, request: { method: POST, path: /, body: { mode: Raw } } }]\n${rest}`,
    );
    return scanner.scan(entityOf("some bytes"), { ...within(60_000), ...context });
  };

  it.each(["clean", "suspicious", "unscannable", "unknown", "error", "blocked"])(
    "is the word %s",
    async (word) => {
      vendor().script = answers({ word });
      expect((await scan("result: { verdict: res.json.word }")).kind).toBe(word);
    },
  );

  it.each(["pending", "modified", "CLEAN", "ok", ""])(
    "is an error for the word %j",
    async (word) => {
      vendor().script = answers({ word });
      expect((await scan("result: { verdict: res.json.word }")).kind).toBe("error");
    },
  );

  it.each([0, true, null, {}, []])("is an error for the value %j", async (word) => {
    vendor().script = answers({ word });
    expect((await scan("result: { verdict: res.json.word }")).kind).toBe("error");
  });

  it("carries threats, a reason, a score, a message and how long it holds", async () => {
    vendor().script = answers({
      engines: { a: { found: "Eicar" }, b: { found: "" } },
      score: 0.75,
      ttl: 90,
    });
    const verdict = await scan(`
result:
  verdict: "'blocked'"
  reason: "'sandbox'"
  threats: "entries(res.json.engines).filter(e, e.value.found != '').map(e, {'name': e.value.found, 'engine': e.key, 'path': ''})"
  score: res.json.score
  message: "'found by ' + string(size(res.json.engines)) + ' engines'"
  ttl: res.json.ttl`);
    expect(verdict).toMatchObject({
      kind: "blocked",
      reason: "sandbox",
      threats: [{ name: "Eicar", engine: "a" }],
      score: 0.75,
      message: "found by 2 engines",
      cache: { ttlMs: 90_000 },
    });
    expect(verdict.threats[0]).not.toHaveProperty("path");
  });

  it("may hold for a duration", async () => {
    vendor().script = answers({ wait: "300s" });
    const verdict = await scan("result: { verdict: \"'clean'\", ttl: duration(res.json.wait) }");
    expect(verdict.cache).toEqual({ ttlMs: 300_000 });
  });

  it("stays blocked where the rest does not fit", async () => {
    vendor().script = answers({});
    const verdict = await scan("result: { verdict: \"'blocked'\", threats: res.json.missing }");
    expect(verdict).toMatchObject({ kind: "blocked", threats: [] });
  });

  it("is an error where the rest does not fit and it is not blocked", async () => {
    vendor().script = answers({});
    const verdict = await scan("result: { verdict: \"'clean'\", threats: res.json.missing }");
    expect(verdict).toMatchObject({
      kind: "error",
      message: "result.threats: No such key: missing",
    });
  });

  it("reads JSON whatever its type, and text", async () => {
    vendor().script = answersText('{"ok":true}', "text/plain");
    const verdict = await scan(
      "result: { verdict: \"res.json.ok && res.text.contains('ok') ? 'clean' : 'error'\" }",
    );
    expect(verdict.kind).toBe("clean");
  });

  it("calculates with numbers of JSON", async () => {
    vendor().script = answers({ a: 2, b: 3 });
    const rule = "res.json.a + res.json.b * 2 == 8 && res.json.a + 1 > 2.5 ? 'clean' : 'error'";
    expect((await scan(`result: { verdict: "${rule}" }`)).kind).toBe("clean");
  });

  it.each([
    [429, "error", "overload"],
    [503, "error", "overload"],
    [408, "error", "timeout"],
    [504, "error", "timeout"],
    [413, "unscannable", "size"],
    [415, "unscannable", "type"],
    [500, "error", "engine-error"],
    [401, "error", "engine-error"],
    [404, "error", "engine-error"],
    [302, "error", "engine-error"],
    [204, "error", "engine-error"],
  ])("of an unexpected %i is %s/%s", async (status, kind, reason) => {
    vendor().script = answersStatus(status);
    const verdict = await scan("result: { verdict: res.json.word }");
    expect(verdict).toMatchObject({ kind, reason });
  });

  it("of an unexpected answer is what the first rule that holds says", async () => {
    vendor().script = answersStatus(422);
    const verdict = await scan(`
result: { verdict: "'clean'" }
errors:
  - { when: res.status == 400, as: Error }
  - { when: res.status == 422, as: Unscannable, reason: encrypted, message: it is locked }
  - { when: "true", as: Unknown }`);
    expect(verdict).toMatchObject({
      kind: "unscannable",
      reason: "encrypted",
      message: "it is locked",
    });
  });

  it("of an unexpected answer is an error where no rule holds", async () => {
    vendor().script = answersStatus(418);
    const verdict = await scan(
      "result: { verdict: \"'clean'\" }\nerrors: [{ when: res.status == 400, as: Unknown }]",
    );
    expect(verdict).toMatchObject({ kind: "error", message: "it answered 418" });
  });

  describe("with new content", () => {
    const contentOf = async (verdict: Awaited<ReturnType<typeof scan>>) => {
      const content = verdict.replacement?.body.content;
      const text = content?.kind === "memory" ? content.data : await readFile(content?.path ?? "");
      return text.toString();
    };
    const rebuilt = `
result: { verdict: "'modified'", content: { step: scan, mediaType: "'Application/PDF'" } }`;

    it("is the body of the answer", async () => {
      vendor().script = answersText("clean bytes", "application/octet-stream");
      const verdict = await scan(rebuilt, { takesReplacement: true });
      expect(verdict).toMatchObject({
        kind: "modified",
        replacement: { mediaType: "application/pdf" },
      });
      expect(await contentOf(verdict)).toBe("clean bytes");
      verdict.replacement?.dispose();
    });

    it("is the body of a large answer", async () => {
      const large = "x".repeat(2 * 1024 * 1024);
      vendor().script = answersText(large, "text/plain");
      const verdict = await scan(rebuilt, { takesReplacement: true });
      expect(await contentOf(verdict)).toBe(large);
      verdict.replacement?.dispose();
    });

    it("is an error where it becomes too large", async () => {
      vendor().script = answersText("x".repeat(2048), "text/plain");
      const verdict = await scan(`limits: { contentBytes: 1Ki }${rebuilt}`, {
        takesReplacement: true,
      });
      expect(verdict.kind).toBe("error");
    });

    it("is what errors say where the answer is not the expected", async () => {
      vendor().script = answersStatus(413);
      const verdict = await scan(rebuilt, { takesReplacement: true });
      expect(verdict).toMatchObject({ kind: "unscannable", reason: "size" });
    });

    it("is an error where only its connection ends it", async () => {
      vendor().script = ({ socket }) => {
        socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nclean by");
      };
      const verdict = await scan(rebuilt, { takesReplacement: true });
      expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    });

    it.each([202, 204, 206])("is not what comes with %d", async (status) => {
      vendor().script = answersStatus(status);
      const verdict = await scan(rebuilt, { takesReplacement: true });
      expect(verdict).toMatchObject({ kind: "error", message: `it answered ${status}` });
    });

    it("is an error where the service takes none", async () => {
      vendor().script = answersText("clean bytes");
      expect((await scan(rebuilt)).kind).toBe("error");
      expect(vendor().received).toEqual([]);
    });

    const base64 = `
result: { verdict: "res.json.changed ? 'modified' : 'clean'", content: { base64: res.json.file } }`;

    it("is Base64 in the answer", async () => {
      const file = Buffer.from("clean bytes").toString("base64");
      vendor().script = answers({ changed: true, file });
      const verdict = await scan(base64, { takesReplacement: true });
      expect(await contentOf(verdict)).toBe("clean bytes");
      verdict.replacement?.dispose();
    });

    it("is not looked for where nothing was changed", async () => {
      vendor().script = answers({ changed: false });
      expect((await scan(base64, { takesReplacement: true })).kind).toBe("clean");
    });

    it.each(["", "no base64!", 7, undefined])("is an error for %j as Base64", async (file) => {
      vendor().script = answers({ changed: true, file });
      expect((await scan(base64, { takesReplacement: true })).kind).toBe("error");
    });
  });
});
