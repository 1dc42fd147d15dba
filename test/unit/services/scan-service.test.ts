import { createHash } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NEEDS_MORE } from "../../../src/services/index.ts";
import { type MessageText, marker, ScanBench } from "../../support/scan-bench.ts";
import { head } from "../../support/wire-text.ts";

const bench = new ScanBench();
beforeAll(() => bench.open());
afterAll(() => bench.close());
beforeEach(() => {
  bench.scanner.seen.length = 0;
  bench.scanner.texts.length = 0;
});

const program = `MZ${"\0".repeat(58)}\x80\0\0\0${"\0".repeat(64)}PE\0\0`;

function form(...parts: readonly { name: string; file?: string; body: string }[]): MessageText {
  const lines = parts.map(({ name, file, body }) => {
    const fileName = file === undefined ? "" : `; filename="${file}"`;
    return `--edge\r\n${head(`Content-Disposition: form-data; name="${name}"${fileName}`)}${body}\r\n`;
  });
  return {
    method: "REQMOD",
    fields: ["Content-Type: multipart/form-data; boundary=edge"],
    body: `${lines.join("")}--edge--\r\n`,
  };
}

function encoded(coding: string, body: string): MessageText {
  const bytes = Buffer.from(body, "latin1");
  const encoders = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
  const encode = encoders[coding as keyof typeof encoders];
  return {
    fields: [`Content-Encoding: ${coding}`, "Content-Type: text/html"],
    body: encode(bytes),
  };
}

describe("what is scanned", () => {
  it("is a plain body as it is", async () => {
    const outcome = await bench.outcome(bench.service(), { body: "harmless" });
    expect(outcome).toMatchObject({ kind: "unmodified", report: { cause: "clean" } });
    expect(bench.scanner.texts).toEqual(["harmless"]);
  });

  it("is named in the report with its hash", async () => {
    const sha256 = createHash("sha256").update("harmless").digest("hex");
    const { report } = await bench.outcome(bench.service(), { body: "harmless" });
    expect(report.sha256).toBe(sha256);
  });

  it("is not a message without a body", async () => {
    const outcome = await bench.outcome(bench.service(), {});
    expect(outcome).toMatchObject({ kind: "unmodified", report: { cause: "none" } });
    expect(bench.scanner.texts).toEqual([]);
  });

  it("is every part of a form, the second like the first", async () => {
    const text = form(
      { name: "comment", body: "harmless" },
      { name: "upload", file: "a.bin", body: `xx ${marker}` },
    );
    const outcome = await bench.outcome(bench.service(), text);
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "verdict" } });
    expect(bench.scanner.seen.at(-1)?.fileName).toBe("a.bin");
  });

  it.each(["gzip", "deflate", "br"])("is what %s encodes", async (coding) => {
    const outcome = await bench.outcome(bench.service(), encoded(coding, `xx ${marker}`));
    expect(outcome.kind).toBe("blocked");
    expect(bench.scanner.texts).toEqual([`xx ${marker}`]);
  });

  it("leaves nothing held", async () => {
    await bench.outcome(bench.service(), encoded("gzip", "harmless ".repeat(5000)));
    await bench.outcome(bench.service(), form({ name: "a", body: "b".repeat(9000) }));
    await expect.poll(() => bench.heldBytes).toBe(0);
  });
});

describe("what cannot be looked into", () => {
  it.each<[string, MessageText]>([
    ["a broken coding", { fields: ["Content-Encoding: gzip"], body: "not gzip at all" }],
    ["a coding that nobody knows", { fields: ["Content-Encoding: sluice"], body: "text" }],
    ["a form without its boundary", { fields: ["Content-Type: multipart/form-data"], body: "x" }],
    [
      "a form that does not end",
      { fields: ["Content-Type: multipart/form-data; boundary=b"], body: "--b\r\n\r\nx" },
    ],
  ])("is unscannable: %s", async (_, text) => {
    const outcome = await bench.outcome(bench.service(), text);
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "unscannable" } });
  });

  it("is oversize when it grows too large by decoding", async () => {
    const outcome = await bench.outcome(bench.service(), encoded("gzip", "0".repeat(200_000)));
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "oversize" } });
  });

  it("is oversize when it is larger than the service takes", async () => {
    const service = bench.service({ maxEntityBytes: 10 });
    const outcome = await bench.outcome(service, { body: "more than ten bytes" });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "oversize" } });
    expect(bench.scanner.texts).toEqual([]);
  });

  it("is blocked for what is found in it all the same", async () => {
    const text = { fields: ["Content-Encoding: gzip"], body: `not gzip, ${marker}` };
    const outcome = await bench.outcome(bench.service(), text);
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "verdict" } });
  });

  it("is out of time when the transaction is", async () => {
    const signal = AbortSignal.abort();
    const outcome = await bench.outcome(bench.service(), { body: "harmless" }, { signal });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "timeout" } });
  });

  it("is an error when the scanner fails", async () => {
    const outcome = await bench.outcome(bench.service(), { body: "FAILS" });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "error" } });
  });

  it("is an error when the scanner rejects, against its contract", async () => {
    const scanner = { ...bench.scanner, scan: () => Promise.reject(new Error("crashed")) };
    const service = bench.service({
      scanner: Object.assign(Object.create(bench.scanner), scanner),
    });
    const outcome = await bench.outcome(service, { body: "harmless" });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "error" } });
  });
});

describe("rules", () => {
  const skip = (when: string) => ({ name: "skip", when, action: "Skip" as const });
  const block = (when: string) => ({ name: "block", when, action: "Block" as const });
  const noPrograms = block('entity.type == "application/x-dosexec"');

  it("about heads decide at the heads", () => {
    const service = bench.service({ rules: [block('request.host == "files.example"')] });
    expect(bench.decide(service, { body: "x" })).toMatchObject({
      kind: "blocked",
      report: { cause: "policy", rule: "block" },
    });
  });

  it("that skip leave the body unscanned", async () => {
    const service = bench.service({ rules: [skip('request.host == "files.example"')] });
    const outcome = await bench.outcome(service, { body: marker });
    expect(outcome).toMatchObject({
      kind: "unmodified",
      report: { cause: "policy", rule: "skip" },
    });
    expect(bench.scanner.texts).toEqual([]);
  });

  it("about the entity wait for its first bytes", () => {
    const service = bench.service({ rules: [noPrograms] });
    expect(bench.decide(service, { body: program })).toBe(NEEDS_MORE);
    expect(bench.decide(service, { body: program }, 0)).toBe(NEEDS_MORE);
    expect(bench.decide(service, { body: program }, 200)).toMatchObject({ kind: "blocked" });
  });

  it("about the entity decide on the whole body where no preview came", async () => {
    const outcome = await bench.outcome(bench.service({ rules: [noPrograms] }), { body: program });
    expect(outcome).toMatchObject({ kind: "blocked", report: { rule: "block" } });
  });

  it("about the entity are asked again when the preview was too short to show it", async () => {
    const service = bench.service({ rules: [noPrograms] });
    const outcome = await bench.outcome(service, { body: program }, { preview: 1 });
    expect(outcome).toMatchObject({ kind: "blocked", report: { rule: "block" } });
  });

  it("see a program behind a coding", async () => {
    const service = bench.service({ rules: [noPrograms] });
    const outcome = await bench.outcome(service, encoded("gzip", program), { preview: 1024 });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "policy", rule: "block" } });
  });

  it("see a program behind a coding in a service without scanners", async () => {
    const service = bench.service({ rules: [noPrograms], scanner: undefined });
    const outcome = await bench.outcome(service, encoded("gzip", program), { preview: 1024 });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "policy", rule: "block" } });
  });

  it("see a program in the second part of a form", async () => {
    const text = form({ name: "a", body: "text" }, { name: "b", file: "b.exe", body: program });
    const outcome = await bench.outcome(bench.service({ rules: [noPrograms] }), text);
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "policy", rule: "block" } });
  });

  it("that skip a part leave the others to the scanner", async () => {
    const service = bench.service({ rules: [skip('entity.fileName == "trusted.txt"')] });
    const text = form(
      { name: "a", file: "trusted.txt", body: marker },
      { name: "b", file: "other.txt", body: "harmless" },
    );
    const outcome = await bench.outcome(service, text);
    expect(outcome.kind).toBe("unmodified");
    expect(bench.scanner.texts).toEqual(["harmless"]);
  });

  it("about a type that disagrees are not deceived by a coding", async () => {
    const service = bench.service({ rules: [block("entity.typeMismatch")] });
    const page = encoded("gzip", "<!DOCTYPE html><html><body>page</body></html>");
    expect((await bench.outcome(service, page, { preview: 1024 })).kind).toBe("unmodified");
  });

  it("about a type that disagrees are not deceived by a form", async () => {
    const service = bench.service({ rules: [block("entity.typeMismatch")] });
    const outcome = await bench.outcome(service, form({ name: "a", body: "text" }), {
      preview: 99,
    });
    expect(outcome.kind).toBe("unmodified");
  });

  it("that cannot be evaluated give the outcome for errors", async () => {
    const rules = [block("request.headers['x'] == 1 / 0")];
    const outcome = await bench.outcome(bench.service({ rules }), { body: "harmless" });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "error", rule: "block" } });
  });

  it("that only note are named in the report", async () => {
    const rules = [{ name: "note", when: "true", action: "Monitor" as const }];
    const outcome = await bench.outcome(bench.service({ rules }), { body: "harmless" });
    expect(outcome).toMatchObject({ kind: "unmodified", report: { monitored: ["note"] } });
  });

  it("in the dark about an oversize body block it, though there is no scanner", async () => {
    const service = bench.service({ rules: [noPrograms], scanner: undefined, maxEntityBytes: 10 });
    const outcome = await bench.outcome(service, { body: program });
    expect(outcome).toMatchObject({ kind: "blocked", report: { cause: "oversize" } });
  });
});

describe("a service", () => {
  it("that only monitors passes what it would have blocked, and says so", async () => {
    const outcome = await bench.outcome(bench.service({ mode: "Monitor" }), { body: marker });
    expect(outcome).toMatchObject({
      kind: "unmodified",
      report: { cause: "verdict", withheld: "blocked" },
    });
  });

  it("for storage clients answers an error of the check with an ICAP error", async () => {
    const service = bench.service({ clientProfile: "Storage" });
    const outcome = await bench.outcome(service, { body: "FAILS" });
    expect(outcome).toMatchObject({ kind: "failed", answer: { status: 500 } });
  });

  it("passes an error of the check where it is told to", async () => {
    const service = bench.service({ on: { ...allAllowed } });
    const outcome = await bench.outcome(service, { body: "FAILS" });
    expect(outcome).toMatchObject({ kind: "unmodified", report: { cause: "error" } });
  });

  it.each([
    ["192.0.2.1", true],
    ["192.0.3.1", false],
    ["::ffff:192.0.2.1", true],
    ["2001:db8::1", false],
    ["", false],
    ["nonsense", false],
  ])("for clients of one network: %s is admitted: %s", (peer, admitted) => {
    expect(bench.service({ allowedClients: ["192.0.2.0/24"] }).admits(peer)).toBe(admitted);
  });

  it("has an ISTag that follows the epoch of its scanner", () => {
    const service = bench.service();
    const before = service.istag;
    bench.scanner.epoch = "2";
    expect(service.istag).not.toBe(before);
    expect(service.istag).toMatch(/^"[A-Z2-7]{1,32}"$/);
    bench.scanner.epoch = "1";
    expect(service.istag).toBe(before);
  });

  it("without rules and scanners looks at nothing", () => {
    const service = bench.service({ scanner: undefined });
    expect(bench.decide(service, { body: marker })).toMatchObject({ kind: "unmodified" });
  });
});

const allAllowed = {
  error: "Allow",
  timeout: "Allow",
  oversize: "Allow",
  unscannable: "Allow",
  suspicious: "Allow",
  unknown: "Allow",
  pending: "Allow",
} as const;
