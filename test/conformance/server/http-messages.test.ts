import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eicar } from "../../support/eicar.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import { chunks } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { head } from "../../support/wire-text.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await Sluice.start();
}, 60_000);
afterAll(() => sluice.stop());

const get = head("GET http://origin.test/file HTTP/1.1", "Host: origin.test");
const ok = head("HTTP/1.1 200 OK", "Content-Type: application/octet-stream");

interface Parts {
  readonly requestHead?: string;
  readonly responseHead?: string;
  /** Bytes as Latin-1; undefined: none. */
  readonly body?: string;
  readonly fields?: readonly string[];
}

function reqmod(path: string, { requestHead = get, body, fields = [] }: Parts): string {
  const kind = body === undefined ? "null-body" : "req-body";
  const icap = head(
    `REQMOD icap://h${path} ICAP/1.0`,
    ...fields,
    `Encapsulated: req-hdr=0, ${kind}=${requestHead.length}`,
  );
  return icap + requestHead + (body === undefined ? "" : chunks(body));
}

function respmod(path: string, parts: Parts): string {
  const { requestHead = get, responseHead = ok, body, fields = [] } = parts;
  const kind = body === undefined ? "null-body" : "res-body";
  const icap = head(
    `RESPMOD icap://h${path} ICAP/1.0`,
    ...fields,
    `Encapsulated: req-hdr=0, res-hdr=${requestHead.length}, ${kind}=${requestHead.length + responseHead.length}`,
  );
  return icap + requestHead + responseHead + (body === undefined ? "" : chunks(body));
}

async function ask(request: string): Promise<IcapAnswer> {
  using connection = await sluice.connect();
  await connection.send(request);
  return await connection.readAnswer();
}

const httpField = (answer: IcapAnswer, name: string) =>
  [...(answer.responseHead ?? "").matchAll(/^([^:\r\n]+): *(.*)\r$/gm)]
    .filter(([, field = ""]) => field.toLowerCase() === name.toLowerCase())
    .map(([, , value]) => value);

describe.each([
  ["REQMOD", reqmod("/scan", { requestHead: head("PUT /up HTTP/1.1", "Host: h"), body: eicar })],
  ["RESPMOD", respmod("/scan", { body: eicar })],
])("a virus in %s", (_method, request) => {
  let answer: IcapAnswer;
  beforeAll(async () => {
    answer = await ask(request);
  });

  it("is answered with ICAP 200 and an HTTP response of its own [conformance 161, 164, 196]", () => {
    expect([answer.status, answer.sections.map(([name]) => name)]).toEqual([
      200,
      ["res-hdr", "res-body"],
    ]);
  });

  it("is answered with an error, the only HTTP response that a request gets [conformance 161, 163]", () => {
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  });

  it("is answered with a body as long as its head says [conformance 161, 167]", () => {
    expect(httpField(answer, "content-length")).toEqual([String(answer.body?.length)]);
  });

  it("is answered with a page that nobody stores [conformance 180]", () => {
    expect(httpField(answer, "cache-control")).toEqual(["no-store"]);
  });

  it("is answered with a page that names Sluice in Via, once [conformance 165]", () => {
    expect(httpField(answer, "via")).toEqual(["ICAP/1.0 sluice"]);
  });

  it.each([
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Upgrade",
    "Transfer-Encoding",
  ])("is answered with no %s in the page's head [conformance 166]", (name) => {
    expect(httpField(answer, name)).toEqual([]);
  });

  it("is named in the ICAP head, below 8 KiB [conformance 193]", () => {
    expect(icapField(answer, "x-infection-found")).toMatch(/Threat=.*EICAR/i);
    expect(answer.raw.indexOf("\r\n\r\n")).toBeLessThan(8192);
  });
});

describe("an echo", () => {
  const odd = head(
    "HTTP/1.1 200 OK",
    "Via: 1.0 fred, 1.1 p.example.net (Apache/1.1)",
    "X-lower-UPPER:   spaces   ",
    "Set-Cookie: a=1",
    "set-cookie: b=2",
    "Connection: keep-alive, X-Hop",
    "X-Hop: 1",
    'WWW-Authenticate: Basic realm="x"',
    "X-Folded: one",
    "\ttwo",
    "X-Latin: \xe4\xf6\xfc\x80\xff",
    "no colon at all",
    "Cache-Control: max-age=60",
  );

  it("has the head byte for byte: order, case, duplicates, folds, bytes above ASCII [conformance 43, 165, 168, 177, 178, 180]", async () => {
    const answer = await ask(respmod("/scan", { responseHead: odd, body: "clean" }));
    expect([answer.status, answer.responseHead]).toEqual([200, odd]);
    expect(answer.body?.toString()).toBe("clean");
  });

  it("of a request has its credentials and its URL as they came [conformance 43, 168, 178]", async () => {
    const request = head(
      "GET http://origin.test/\xe4?q=\xff HTTP/1.1",
      "Host: origin.test",
      "Authorization: Basic dXNlcjpwYXNz",
      "Proxy-Authorization: Basic dXNlcjpwYXNz",
    );
    const answer = await ask(reqmod("/scan", { requestHead: request }));
    expect(answer.requestHead).toBe(request);
  });

  it.each([
    ["Content-Length twice, equal", ["Content-Length: 5", "Content-Length: 5"]],
    ["a Content-Length other than the body", ["Content-Length: 1"]],
    ["a Content-Length longer than the body", ["Content-Length: 500"]],
    ["Content-Length and Transfer-Encoding", ["Content-Length: 9", "Transfer-Encoding: chunked"]],
  ])(
    "has %s as it came, and the body of the chunks [conformance 170, 171]",
    async (_what, fields) => {
      const responseHead = head("HTTP/1.1 200 OK", ...fields);
      const answer = await ask(respmod("/scan", { responseHead, body: "hello" }));
      expect([answer.responseHead, answer.body?.toString()]).toEqual([responseHead, "hello"]);
    },
  );

  it.each([
    [
      "to HEAD",
      head("HEAD /file HTTP/1.1", "Host: h"),
      head("HTTP/1.1 200 OK", "Content-Length: 1000"),
    ],
    ["304", get, head("HTTP/1.1 304 Not Modified", 'ETag: "1"', "Content-Length: 1000")],
    ["204", get, head("HTTP/1.1 204 No Content")],
    ["103", get, head("HTTP/1.1 103 Early Hints", "Link: </a>")],
  ])(
    "of a response %s has no body and the head as it came [conformance 173]",
    async (_kind, requestHead, responseHead) => {
      const answer = await ask(respmod("/scan", { requestHead, responseHead }));
      expect(answer.responseHead).toBe(responseHead);
      expect(answer.sections.at(-1)).toEqual(["null-body", responseHead.length]);
    },
  );

  it.each([
    "CONNECT origin.test:443 HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "GET https://origin.test/a HTTP/1.1",
    "GET / HTTP/1.0",
    "GET /",
    "GET / HTTP/2",
    "SPACY  LINE  ",
  ])("of the request %j has it as it came [conformance 174, 175, 176]", async (line) => {
    const requestHead = head(line, "Host: origin.test:443");
    const answer = await ask(reqmod("/scan", { requestHead }));
    expect([answer.status, answer.requestHead]).toEqual([200, requestHead]);
  });

  it.each([
    "HTTP/1.0 200 OK",
    "HTTP/1.1 200",
    "HTTP/2 200",
    "HTTP/1.1 299 odd \xe4",
    "PUT / HTTP/1.1",
  ])("of the response %j has it as it came [conformance 73, 176, 179]", async (line) => {
    const responseHead = head(line);
    const answer = await ask(respmod("/scan", { responseHead, body: "hello" }));
    expect([answer.status, answer.responseHead]).toEqual([200, responseHead]);
  });

  it("of a section with a blank line in its middle has all of it [conformance 72]", async () => {
    const requestHead = `${head("POST / HTTP/1.1", "Host: h")}HTTP/1.1 200 OK\r\n\r\n`;
    const answer = await ask(reqmod("/scan", { requestHead, body: "hello" }));
    expect(answer.requestHead).toBe(requestHead);
  });

  it.each(["aGVsbG8=", "plain", "====", "WinNT://D\\u", ""])(
    "comes whatever X-Authenticated-User is, such as %j [conformance 44]",
    async (user) => {
      const fields = [`X-Authenticated-User: ${user}`, "X-Client-IP: not an address"];
      expect((await ask(respmod("/scan", { fields, body: "hello" }))).status).toBe(200);
    },
  );

  it("comes with no answer to a password: authentication is not offered [conformance 45]", async () => {
    const fields = ["Proxy-Authorization: Basic dXNlcjpwYXNz", "X-Client-IP:"];
    expect((await ask(respmod("/scan", { fields, body: "hello" }))).status).toBe(200);
  });
});

const codings = {
  gzip: gzipSync(eicar),
  br: brotliCompressSync(eicar),
  zstd: zstdCompressSync(eicar),
} as const;

describe.each(Object.entries(codings))("content coded with %s", (coding, coded) => {
  const responseHead = head("HTTP/1.1 200 OK", `Content-Encoding: ${coding}`);

  it("is decoded to be judged [conformance 182]", async () => {
    const answer = await ask(respmod("/scan", { responseHead, body: coded.toString("latin1") }));
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("comes back as it came [conformance 182]", async () => {
    const body = gzipSync("clean").toString("latin1");
    const own = head("HTTP/1.1 200 OK", "Content-Encoding: gzip");
    const answer = await ask(respmod("/scan", { responseHead: own, body }));
    expect([answer.responseHead, answer.body?.toString("latin1")]).toEqual([own, body]);
  });
});

describe("a part of a response", () => {
  const partial = head("HTTP/1.1 206 Partial Content", "Content-Range: bytes 0-67/68");

  it("is judged as it is [conformance 183]", async () => {
    const answer = await ask(respmod("/scan", { responseHead: partial, body: eicar }));
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("passes where nothing is found in it [conformance 183]", async () => {
    const answer = await ask(respmod("/scan", { responseHead: partial, body: "clean" }));
    expect(answer.responseHead).toBe(partial);
  });
});

describe("a form with several files", () => {
  const requestHead = head(
    "POST /upload HTTP/1.1",
    "Host: h",
    "Content-Type: multipart/form-data; boundary=XX",
  );
  const form = (...files: readonly string[]) => {
    const parts = files.map(
      (file, i) =>
        `--XX\r\nContent-Disposition: form-data; name="f${i}"; filename="${i}.bin"\r\n\r\n${file}\r\n`,
    );
    return `${parts.join("")}--XX--\r\n`;
  };

  it.each([0, 1, 2])("is blocked for the virus in file %i [conformance 184]", async (at) => {
    const files = ["a", "b", "c"].map((file, i) => (i === at ? eicar : file));
    const answer = await ask(reqmod("/scan", { requestHead, body: form(...files) }));
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
  });

  it("passes where there is none [conformance 184]", async () => {
    const body = form("a", "b", "c");
    const answer = await ask(reqmod("/scan", { requestHead, body }));
    expect([answer.requestHead, answer.body?.toString()]).toEqual([requestHead, body]);
  });
});
