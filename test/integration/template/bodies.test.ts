import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { answers } from "../../support/fake-scanner.ts";
import { entityOf, fileEntityOf } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { useVendor, within } from "./template-under-test.ts";

describe("the body of a request", () => {
  const { vendor, scannerOf } = useVendor();

  const sent = async (body: string, entity = entityOf("some bytes"), filling = {}) => {
    vendor().script = answers({});
    const scanner = await scannerOf(
      `
params: { note: { type: String, default: "" }, tags: { type: StringList, default: [a, b] } }
steps: [{ name: scan, request: { method: POST, path: /scan, body: ${body} } }]
result: { verdict: "'clean'" }`,
      filling,
    );
    const verdict = await scanner.scan(entity, within(60_000));
    expect(verdict).toMatchObject({ kind: "clean" });
    const [request] = vendor().received;
    if (request === undefined) throw new Error("nothing was sent");
    return request;
  };

  it("is the bytes, with their length", async () => {
    const { headers, body } = await sent("{ mode: Raw }");
    expect(headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "10",
    });
    expect(headers["transfer-encoding"]).toBeUndefined();
    expect(body.toString()).toBe("some bytes");
  });

  it("is the bytes of a file", async () => {
    const directory = new TempDirectory();
    const bytes = randomBytes(300_000);
    const { body } = await sent("{ mode: Raw }", fileEntityOf(bytes, directory.join("spool")));
    expect(body.equals(bytes)).toBe(true);
    directory.remove();
  });

  it("has the type that the template says", async () => {
    const entity = entityOf("%PDF", { detectedType: "application/pdf" });
    const { headers } = await sent('{ mode: Raw, contentType: "${req.detectedType}" }', entity);
    expect(headers["content-type"]).toBe("application/pdf");
  });

  it("is multipart, with the fields before the file and its length known", async () => {
    const entity = entityOf("some bytes", { fileName: "cv.pdf" });
    const { headers, body } = await sent(
      '{ mode: Multipart, field: sample_file, fields: { rule: "r-${req.size}", empty: "${params.note}" } }',
      entity,
    );
    const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(
      headers["content-type"] ?? "",
    )?.[1];
    expect(body.toString().split("\r\n")).toEqual([
      `--${boundary}`,
      'Content-Disposition: form-data; name="rule"',
      "",
      "r-10",
      `--${boundary}`,
      'Content-Disposition: form-data; name="sample_file"; filename="cv.pdf"',
      "Content-Type: application/octet-stream",
      "",
      "some bytes",
      `--${boundary}--`,
      "",
    ]);
    expect(headers["content-length"]).toBe(String(body.length));
  });

  it.each([
    ["résumé.pdf", "r_sum_.pdf"],
    ['a"; filename="b', "a_; filename=_b"],
    ["a\r\nX-Evil: 1", "a__X-Evil: 1"],
    ["../../etc/passwd", ".._.._etc_passwd"],
    ["", "file"],
  ])("names a file %j in plain ASCII", async (fileName, plain) => {
    const { body } = await sent("{ mode: Multipart, field: f }", entityOf("x", { fileName }));
    expect(body.toString()).toContain(`filename="${plain}"\r\n`);
    expect(body.toString()).not.toContain("filename*");
  });

  it("is a form, encoded", async () => {
    const { headers, body } = await sent(
      '{ mode: Form, fields: { url: "${req.url}", note: "${params.note}" } }',
    );
    expect(headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(body.toString()).toBe("url=http%3A%2F%2Ffiles.example%2Freport");
  });

  it("is JSON, in which a path alone keeps the type of its value", async () => {
    const { headers, body } = await sent(
      '{ mode: Json, json: { size: "${req.size}", text: "${req.size} bytes", tags: "${params.tags}", fixed: [1, null, true] } }',
    );
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body.toString())).toEqual({
      size: 10,
      text: "10 bytes",
      tags: ["a", "b"],
      fixed: [1, null, true],
    });
  });

  it("is JSON, out of which no value can break", async () => {
    const fileName = '"}],"x":"\\\u2028';
    const { body } = await sent(
      '{ mode: Json, json: { name: "${req.fileName}" } }',
      entityOf("x", { fileName }),
    );
    expect(JSON.parse(body.toString())).toEqual({ name: fileName });
  });

  it.each([0, 1, 2, 3, 49_151, 49_152, 49_153, 200_000])(
    "is JSON with %i bytes in Base64",
    async (size) => {
      const bytes = randomBytes(size);
      const { headers, body } = await sent(
        '{ mode: Json, json: { timeout: "10000", object: "${req.base64}" } }',
        entityOf(bytes),
      );
      const document = JSON.parse(body.toString()) as { object: string; timeout: string };
      expect(document).toEqual({ timeout: "10000", object: bytes.toString("base64") });
      expect(headers["content-length"]).toBe(String(body.length));
    },
  );

  it("is JSON with a file's bytes in Base64", async () => {
    const directory = new TempDirectory();
    const bytes = randomBytes(200_001);
    const { body } = await sent(
      '{ mode: Json, json: "${req.base64}" }',
      fileEntityOf(bytes, directory.join("spool")),
    );
    expect(JSON.parse(body.toString())).toBe(bytes.toString("base64"));
    directory.remove();
  });

  it("is a text", async () => {
    const entity = entityOf("Grüße", { declaredType: "text/plain" });
    const { headers, body } = await sent('{ mode: Text, text: "say: ${req.text}" }', entity);
    expect(headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(body.toString()).toBe("say: Grüße");
  });

  it("is not made of what is no text", async () => {
    vendor().script = answers({});
    const scanner = await scannerOf(`
steps: [{ name: scan, request: { method: POST, path: /, body: { mode: Text, text: "\${req.text}" } } }]
result: { verdict: "'clean'" }`);
    const pdf = entityOf("%PDF", { declaredType: "text/plain", detectedType: "application/pdf" });
    const verdict = await scanner.scan(pdf, within(60_000));
    expect(verdict).toMatchObject({ kind: "unscannable", reason: "type" });
    expect(vendor().received).toEqual([]);
  });

  it("is not made of text beyond the bound", async () => {
    const scanner = await scannerOf(`
limits: { textBytes: 1Ki }
steps: [{ name: scan, request: { method: POST, path: /, body: { mode: Text, text: "\${req.text}" } } }]
result: { verdict: "'clean'" }`);
    const long = entityOf("x".repeat(1025), { declaredType: "text/plain" });
    const verdict = await scanner.scan(long, within(60_000));
    expect(verdict).toMatchObject({ kind: "unscannable", reason: "size" });
  });
});
