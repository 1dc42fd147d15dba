/**
 * Squid, as captured from 5.7 (Debian 12). How it reads is in src/adaptation/icap/ServiceRep.cc,
 * Options.cc and ModXact.cc of squid-cache/squid.
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { type IcapAnswer, icapField } from "../support/icap-answer.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, endOfPreviewedBody, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const get = head(
  "GET http://origin.test/file HTTP/1.1",
  "User-Agent: curl/7.88.1",
  "Accept: */*",
  "Host: origin.test",
);
const ok = head(
  "HTTP/1.1 200 OK",
  "Content-Type: application/octet-stream",
  "Date: Sun, 22 Nov 2026 01:00:00 GMT",
);

/** What Squid makes of an OPTIONS answer; it calls a service with any fault "down,!opt". */
function faultsOfService(answer: IcapAnswer, method: "REQMOD" | "RESPMOD"): string[] {
  const methods = icapField(answer, "Methods")?.split(/[, ]+/) ?? [];
  const number = (name: string) => /^\d+$/.test(icapField(answer, name) ?? "");
  return [
    ...(answer.status === 200 ? [] : ["status is not 200"]),
    ...(methods.includes(method) ? [] : [`Methods lacks ${method}, compared with case`]),
    ...(icapField(answer, "ISTag") ? [] : ["no ISTag"]),
    ...(number("Options-TTL") ? [] : ["no Options-TTL: asks again every minute"]),
    ...(number("Preview") ? [] : ["no Preview"]),
    ...(number("Max-Connections") ? [] : ["no Max-Connections"]),
  ];
}

const optionsOf = (path: string) =>
  head(
    `OPTIONS icap://127.0.0.1:1344${path} ICAP/1.0`,
    "Host: 127.0.0.1:1344",
    "Allow: 206, trailers",
  );

const reqmod = (...fields: readonly string[]) =>
  head(
    "REQMOD icap://127.0.0.1:1344/scan/reqmod ICAP/1.0",
    "Host: 127.0.0.1:1344",
    "Date: Sun, 22 Nov 2026 01:00:00 GMT",
    ...fields,
    "X-Client-IP: 127.0.0.1",
  );

const respmod = (...fields: readonly string[]) =>
  head(
    "RESPMOD icap://127.0.0.1:1344/scan/respmod ICAP/1.0",
    "Host: 127.0.0.1:1344",
    "Date: Sun, 22 Nov 2026 01:00:00 GMT",
    ...fields,
    "X-Client-IP: 127.0.0.1",
  );

const respmodSections = `req-hdr=0, res-hdr=${get.length}, res-body=${get.length + ok.length}`;

describe("Squid asks for the options of a service, without Encapsulated", () => {
  it.each([
    ["/scan/reqmod", "REQMOD"],
    ["/scan/respmod", "RESPMOD"],
    ["/echo/reqmod", "REQMOD"],
    ["/echo/respmod", "RESPMOD"],
  ] as const)("and finds %s up for %s", async (path, method) => {
    using squid = await connect();
    await squid.send(optionsOf(path));
    expect(faultsOfService(await squid.readAnswer(), method)).toEqual([]);
  });

  it("and goes on with a request on the same connection", async () => {
    using squid = await connect();
    await squid.send(optionsOf("/scan/reqmod"));
    await squid.readAnswer();
    await squid.send(
      reqmod(`Encapsulated: req-hdr=0, null-body=${get.length}`, "Allow: 204, trailers") + get,
    );
    expect((await squid.readAnswer()).status).toBe(204);
  });
});

describe("Squid sends a message that has no body with Preview: 0 and no chunk", () => {
  it("and gets the answer to a GET at once", async () => {
    using squid = await connect();
    await squid.send(
      reqmod(
        `Encapsulated: req-hdr=0, null-body=${get.length}`,
        "Preview: 0",
        "Allow: 204, trailers",
      ) + get,
    );
    expect((await squid.readAnswer()).status).toBe(204);
  });

  it("and gets the answer to CONNECT, in authority form", async () => {
    const connectHead = head("CONNECT origin.test:443 HTTP/1.1", "Host: origin.test:443");
    using squid = await connect();
    await squid.send(
      reqmod(
        `Encapsulated: req-hdr=0, null-body=${connectHead.length}`,
        "Preview: 0",
        "Allow: 204, trailers",
      ) + connectHead,
    );
    expect((await squid.readAnswer()).status).toBe(204);
  });

  it.each([
    ["304", head("HTTP/1.1 304 Not Modified", 'ETag: "1"')],
    ["204", head("HTTP/1.1 204 No Content")],
    ["HEAD", head("HTTP/1.1 200 OK", "Content-Length: 1000")],
  ])("and gets the answer to a %s response", async (_kind, response) => {
    using squid = await connect();
    await squid.send(
      respmod(
        `Encapsulated: req-hdr=0, res-hdr=${get.length}, null-body=${get.length + response.length}`,
        "Preview: 0",
        "Allow: 204, trailers",
      ) +
        get +
        response,
    );
    expect((await squid.readAnswer()).status).toBe(204);
  });
});

describe("Squid sends a body within its preview", () => {
  const inPreview = (body: string) =>
    [
      respmod(
        `Encapsulated: ${respmodSections}`,
        `Preview: ${body.length}`,
        "Allow: 204, trailers",
      ) +
        get +
        ok,
      chunk(body) + endOfPreviewedBody,
    ] as const;

  it("and learns that it may pass, head and preview coming in segments of their own", async () => {
    using squid = await connect();
    await squid.send(...inPreview("nothing bad"));
    expect((await squid.readAnswer()).status).toBe(204);
  });

  it("and gets a response with a head of its own in place of EICAR", async () => {
    using squid = await connect();
    await squid.send(...inPreview(eicar));
    const answer = await squid.readAnswer();
    expect(answer.status).toBe(200);
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer.body?.length).toBeGreaterThan(0);
  });

  it("and gets a response, not a request, in place of an upload of EICAR", async () => {
    const post = head(
      "POST http://origin.test/upload HTTP/1.1",
      "Host: origin.test",
      `Content-Length: ${eicar.length}`,
    );
    using squid = await connect();
    await squid.send(
      reqmod(
        `Encapsulated: req-hdr=0, req-body=${post.length}`,
        `Preview: ${eicar.length}`,
        "Allow: 204, trailers",
      ) + post,
      chunk(eicar) + endOfPreviewedBody,
    );
    const answer = await squid.readAnswer();
    expect(answer.sections.map(([name]) => name)).toEqual(["res-hdr", "res-body"]);
  });
});

describe("Squid sends a large body and does not allow 204", () => {
  const body = "0123456789abcdef".repeat(20_000);
  const preview = body.slice(0, 4);
  const start = () =>
    respmod(`Encapsulated: ${respmodSections}`, "Preview: 4", "Allow: trailers") +
    get +
    ok +
    chunk(preview) +
    lastChunk;

  it("and is asked for all of it after the preview", async () => {
    using squid = await connect();
    await squid.send(start());
    expect((await squid.readAnswer()).status).toBe(100);
  });

  it("and gets it back byte by byte with its head, however the chunks are cut", async () => {
    using squid = await connect();
    await squid.send(start());
    await squid.readAnswer();
    const cuts = [4, 65_519, 131_034, 131_035, 200_000, body.length];
    for (const [index, from] of cuts.slice(0, -1).entries()) {
      const data = chunk(body.slice(from, cuts[index + 1]));
      await squid.send(data.slice(0, 3), data.slice(3));
    }
    await squid.send(lastChunk);
    const answer = await squid.readAnswer();
    expect(answer.status).toBe(200);
    expect(answer.responseHead).toContain("Content-Type: application/octet-stream\r\n");
    expect(answer.body?.toString("latin1") === body).toBe(true);
  });

  it("and is sent no trailer, which it refuses where none was agreed", async () => {
    using squid = await connect();
    await squid.send(start());
    await squid.readAnswer();
    await squid.send(chunk(body.slice(4)) + lastChunk);
    expect(icapField(await squid.readAnswer(), "Trailer")).toBeUndefined();
  });
});
