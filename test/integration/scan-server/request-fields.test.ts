import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import type { EngineAbilities } from "../../../src/scanners/serve/scan-engine.ts";
import { clean, FakeEngine, readAll, serving } from "./fake-engine.ts";

const content = "some content";
const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
const digest = (text: string): string =>
  `sha-256=:${createHash("sha256").update(text).digest("base64")}:`;

/** More than is read as a whole. */
const large = "x".repeat(600_000);

/** What an engine was asked for a request, and what was answered. */
async function asking(
  headers: Readonly<Record<string, string>>,
  { body = content, abilities }: { body?: string; abilities?: EngineAbilities } = {},
) {
  const engine = new FakeEngine(readAll, abilities);
  await using scanner = await serving(engine);
  const response = await fetch(scanner.url(), { method: "POST", body, headers });
  return {
    status: response.status,
    document: (await response.json()) as { verdict?: string; detail?: string },
    asked: engine.asked,
  };
}

describe("the fields of a scan/v1 request", () => {
  it("are told the engine, decoded", async () => {
    const { asked } = await asking({
      "Content-Type": "Application/PDF; charset=x",
      "Content-Disposition": "attachment; filename=\"cv.pdf\"; filename*=UTF-8''cv%20%C3%A9.pdf",
      "Scan-Detected-Type": "application/zip",
      "Scan-Url": "https://Example.com/cv?a=b",
      "Scan-Host": "Example.com",
      "Scan-Method": "GET",
      "Scan-Http-Status": "203",
      "Scan-Direction": "respmod",
      "Scan-Service": "av-strict",
      "Scan-Policy": "UTF-8''tr%C3%A8s%20strict",
      "Scan-Client-Ip": "192.0.2.1",
      "Scan-User": "UTF-8''Zo%C3%AB",
      "Scan-Groups": "staff, UTF-8''a%2Cb",
    });
    expect(asked?.facts).toEqual({
      fileName: "cv é.pdf",
      declaredType: "application/pdf",
      detectedType: "application/zip",
      url: "https://Example.com/cv?a=b",
      host: "example.com",
      httpMethod: "GET",
      httpStatus: 203,
      direction: "respmod",
      service: "av-strict",
      policy: "très strict",
      identity: { address: "192.0.2.1", user: "Zoë", groups: ["staff", "a,b"] },
    });
  });

  it.each([
    ["Scan-Http-Status", "ok"],
    ["Scan-Http-Status", "99"],
    ["Scan-Direction", "sideways"],
    ["Scan-Stage", "half"],
    ["Scan-Total-Length", "-1"],
    ["Scan-Total-Length", "13"],
    ["Scan-Url", "https://a b"],
    ["Scan-Url", `https://a/${"x".repeat(8200)}`],
    ["Scan-Detected-Type", "pdf"],
    ["Scan-User", "UTF-8''%ff"],
    ["Scan-User", "of the, and of another field"],
    ["Scan-Policy", 'a"b'],
    ["Scan-Groups", "a,,b"],
    ["Content-Digest", "sha-256=:short:"],
    ["Content-Digest", "sha-256=abc"],
  ])("are refused where they are not of their form: %s: %.20s", async (name, value) => {
    const { status, asked } = await asking({ [name]: value });
    expect([status, asked]).toEqual([400, undefined]);
  });

  it.each([
    [400, "gzip, chunked"],
    [200, "Chunked"],
  ])("are answered %d with the transfer coding %s", async (status, coding) => {
    await using scanner = await serving(new FakeEngine(readAll));
    const headers = { "Transfer-Encoding": coding };
    const asked = request(scanner.url(), { method: "POST", headers, agent: false }).end(content);
    const [response] = await once(asked, "response");
    response.resume();
    expect(response.statusCode).toBe(status);
  });

  it.each([
    [200, "12"],
    [400, "13"],
    [400, "11"],
  ])("are answered %d where a chunked body was to come to %s bytes", async (status, length) => {
    for (const abilities of [undefined, { inputs: ["hash"] } satisfies EngineAbilities]) {
      await using scanner = await serving(new FakeEngine(readAll, abilities));
      const headers = { "Transfer-Encoding": "chunked", "Scan-Total-Length": length };
      const asked = request(scanner.url(), { method: "POST", headers, agent: false }).end(content);
      const [response] = await once(asked, "response");
      response.resume();
      expect(response.statusCode).toBe(status);
    }
  });

  it.each([
    ["one field", { "Content-Digest": `${digest(content)}, ${digest("other content")}` }],
    ["two", { "Content-Digest": digest(content), "Repr-Digest": digest("other content") }],
  ])("are refused with two digests that differ, in %s", async (_where, headers) => {
    const { status, asked } = await asking(headers);
    expect([status, asked]).toEqual([400, undefined]);
  });

  it("say the hash", async () => {
    const { status, asked } = await asking({ "Content-Digest": `md5=:aa==:, ${digest(content)}` });
    expect([status, asked?.sha256]).toEqual([200, hex(content)]);
  });

  it.each(["Content-Digest", "Repr-Digest"])(
    "are refused when %s is of another body",
    async (name) => {
      const { status, document } = await asking({ [name]: digest("other content") });
      expect(status).toBe(400);
      expect(document.detail).toBe("the body is not the one that the digest is of");
    },
  );

  it("keep the end of a body of known length back until its digest is right", async () => {
    const pieces: Buffer[] = [];
    const engine = new FakeEngine(async ({ body }) => {
      for await (const piece of body) pieces.push(piece);
      return { verdict: { kind: "clean", threats: [] }, epoch: "" };
    });
    await using scanner = await serving(engine);
    const headers = { "Content-Digest": digest("other content") };
    await fetch(scanner.url(), { method: "POST", body: content, headers });
    expect(pieces).toEqual([]);
  });

  it.each([
    ["a large body, whose end is kept back", () => large, large.length - 1],
    ["a body of no known length", () => new Response(large).body, large.length],
  ])("are refused when the digest is not that of %s", async (_of, body, most) => {
    let bytes = 0;
    const engine = new FakeEngine(async ({ body: arriving }) => {
      for await (const piece of arriving) bytes += piece.length;
      return clean;
    });
    await using scanner = await serving(engine);
    const headers = { "Content-Digest": digest("other content") };
    const init = { method: "POST", body: body(), headers, duplex: "half" } as RequestInit;
    const response = await fetch(scanner.url(), init);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      detail: "the body is not the one that the digest is of",
    });
    expect(bytes).toBeLessThanOrEqual(most);
  });
});

describe("an engine that wants content", () => {
  it("is not asked about a hash alone, for it would call nothing clean", async () => {
    const headers = { "Repr-Digest": digest(content) };
    const { status, asked } = await asking(headers, { body: "" });
    expect([status, asked]).toEqual([400, undefined]);
  });

  it("is asked about an empty entity", async () => {
    expect((await asking({}, { body: "" })).document.verdict).toBe("clean");
  });
});

describe("an engine that wants hashes", () => {
  const abilities: EngineAbilities = { inputs: ["hash"] };

  it("is given the hash of what is not sent", async () => {
    const headers = { "Repr-Digest": digest(content), "Scan-Total-Length": "12" };
    const { asked } = await asking(headers, { body: "", abilities });
    expect([asked?.sha256, asked?.size]).toEqual([hex(content), 0]);
  });

  it("is given the hash of what is sent all the same", async () => {
    expect((await asking({}, { abilities })).asked?.sha256).toBe(hex(content));
  });

  it("is not given a hash that the body contradicts", async () => {
    const headers = { "Content-Digest": digest("other content") };
    const { status, asked } = await asking(headers, { abilities });
    expect([status, asked]).toEqual([400, undefined]);
  });

  it("is told no hash when neither it nor the entity was sent", async () => {
    const { asked } = await asking({ "Scan-Total-Length": "5" }, { body: "", abilities });
    expect(asked).toMatchObject({ sha256: undefined });
  });
});

describe("a stage before the whole entity", () => {
  it.each(["headers", "preview"])(
    "is answered continue when the engine cannot judge at %s",
    async (stage) => {
      const { document, asked } = await asking({ "Scan-Stage": stage });
      expect([document, asked]).toEqual([{ verdict: "continue" }, undefined]);
    },
  );

  it("is judged by an engine that can", async () => {
    const abilities: EngineAbilities = { inputs: ["url"], stages: ["headers", "full"] };
    const { document } = await asking({ "Scan-Stage": "headers" }, { body: "", abilities });
    expect(document.verdict).toBe("clean");
  });
});

describe("an engine that judges content by its beginning", () => {
  const abilities: EngineAbilities = {
    inputs: ["content"],
    stages: ["headers", "preview", "full"],
  };

  it.each([
    ["headers", ""],
    ["preview", "some"],
  ])("is asked at %s, and told how much that is", async (stage, body) => {
    const headers = { "Scan-Stage": stage, "Scan-Total-Length": "12" };
    const { document, asked } = await asking(headers, { body, abilities });
    expect(document.verdict).toBe("clean");
    expect([asked?.stage, asked?.sha256]).toEqual([stage, undefined]);
  });
});

describe("an engine that looks up hashes and URLs", () => {
  it("has no hash before the whole entity is there", async () => {
    const abilities: EngineAbilities = { inputs: ["hash", "url"], stages: ["headers", "full"] };
    const { asked } = await asking({ "Scan-Stage": "headers" }, { body: "", abilities });
    expect(asked).toMatchObject({ stage: "headers", sha256: undefined });
  });
});

describe("a policy", () => {
  const abilities: EngineAbilities = { inputs: ["content"], policies: ["strict"] };

  it("is refused when the engine has others only", async () => {
    expect((await asking({ "Scan-Policy": "loose" }, { abilities })).status).toBe(400);
  });

  it("is taken when the engine has it", async () => {
    const { asked } = await asking({ "Scan-Policy": "strict" }, { abilities });
    expect(asked?.facts.policy).toBe("strict");
  });
});
