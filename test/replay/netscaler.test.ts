/**
 * Citrix NetScaler: no preview unless configured, parameters after the service's path with `;` in
 * older and `&` in newer versions, fields that the administrator wrote
 * (developer-docs.netscaler.com, nsicapprofile). webMethods ActiveTransfer sends `service?params`.
 */
import { describe, expect, it } from "vitest";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const post = head("POST /upload HTTP/1.1", "Host: origin.test", "Content-Length: 8");

const reqmod = (parameters: string) =>
  head(
    `REQMOD icap://10.0.0.1:1344/scan/reqmod${parameters} ICAP/1.0`,
    "Host: 10.0.0.1:1344",
    "X-Site: branch 7; floor 2",
    "Allow: 204",
    `Encapsulated: req-hdr=0, req-body=${post.length}`,
  ) +
  post +
  chunk("harmless") +
  lastChunk;

describe("NetScaler", () => {
  it.each(["", "?profile=strict", "?profile=strict;log=1", "?profile=strict&log=1"])(
    "reaches the service with %j behind its path",
    async (parameters) => {
      using client = await connect();
      await client.send(reqmod(parameters));
      expect((await client.readAnswer()).status).toBe(204);
    },
  );

  it("keeps its connection for the next request", async () => {
    using client = await connect();
    await client.send(reqmod(""));
    await client.readAnswer();
    await client.send(reqmod(""));
    expect((await client.readAnswer()).status).toBe(204);
  });
});
