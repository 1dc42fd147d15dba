/**
 * c-icap-client and programs on libicapapi, as captured from 0.5.10 (Debian 12). The program itself
 * runs in test/interop; here stands what is peculiar in its bytes.
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, endOfPreviewedBody, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const agent = "User-Agent: C-ICAP-Client-Library/0.5.10";
const ok = head(
  "HTTP/1.0 200 OK",
  "Date: Sun Nov 22 01:00:00 2026",
  "Last-Modified: Sun Nov 22 01:00:00 2026",
);

describe("c-icap-client", () => {
  it("asks for options by an address without a port, then sends on the same connection", async () => {
    using client = await connect();
    await client.send(
      head(
        "OPTIONS icap://127.0.0.1/scan/respmod ICAP/1.0",
        "Host: 127.0.0.1",
        agent,
        "Encapsulated: null-body=0",
      ),
    );
    expect((await client.readAnswer()).status).toBe(200);
    await client.send(
      head(
        "RESPMOD icap://127.0.0.1/scan/respmod ICAP/1.0",
        "Host: 127.0.0.1",
        agent,
        "Allow: 204",
        "Preview: 5",
        `Encapsulated: res-hdr=0, res-body=${ok.length}`,
      ),
      ok + chunk("hello"),
      endOfPreviewedBody,
    );
    expect((await client.readAnswer()).status).toBe(204);
  });

  it("sends an empty file as a preview of 0 bytes that was all", async () => {
    using client = await connect();
    await client.send(
      head(
        "RESPMOD icap://127.0.0.1/scan/respmod ICAP/1.0",
        "Host: 127.0.0.1",
        "Allow: 204",
        "Preview: 0",
        `Encapsulated: res-hdr=0, res-body=${ok.length}`,
      ),
      ok,
      endOfPreviewedBody,
    );
    expect((await client.readAnswer()).status).toBe(204);
  });

  it("sends no HTTP head with -noreshdr and gets EICAR blocked all the same", async () => {
    using client = await connect();
    await client.send(
      head(
        "RESPMOD icap://127.0.0.1/scan/respmod ICAP/1.0",
        "Host: 127.0.0.1",
        "Allow: 204",
        "Encapsulated: res-body=0",
      ),
      chunk(eicar),
      lastChunk,
    );
    const answer = await client.readAnswer();
    expect(answer.status).toBe(200);
    expect(answer.responseHead).toMatch(/^HTTP\/1\.[01] 403 /);
  });

  it("gets a 200 with the body when it allows no 204 and sends no preview", async () => {
    using client = await connect();
    await client.send(
      head(
        "RESPMOD icap://127.0.0.1/scan/respmod ICAP/1.0",
        "Host: 127.0.0.1",
        `Encapsulated: res-hdr=0, res-body=${ok.length}`,
      ),
      ok,
      chunk("hello"),
      lastChunk,
    );
    const answer = await client.readAnswer();
    expect([answer.status, answer.body?.toString()]).toEqual([200, "hello"]);
  });

  it("sends Content-Length twice, and ICAP's method as that of HTTP, with -req", async () => {
    const request = head(
      "REQMOD http://origin.test/upload HTTP/1.0",
      "Content-Length: 5",
      "Content-Length: 5",
    );
    using client = await connect();
    await client.send(
      head(
        "REQMOD icap://127.0.0.1/scan/reqmod ICAP/1.0",
        "Host: 127.0.0.1",
        "Allow: 204",
        "Preview: 5",
        `Encapsulated: req-hdr=0, req-body=${request.length}`,
      ),
      request,
      chunk("hello"),
      endOfPreviewedBody,
    );
    expect((await client.readAnswer()).status).toBe(204);
  });
});
