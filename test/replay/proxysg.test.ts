/**
 * Symantec (Blue Coat) ProxySG: checks health and sets its limits by OPTIONS, asks for progress,
 * sends identities in base64, and aborts scans it has deferred in the middle of a body
 * (knowledge.broadcom.com 171722, 173392).
 */
import { describe, expect, it } from "vitest";
import { icapField } from "../support/icap-answer.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const get = head("GET http://origin.test/stream HTTP/1.1", "Host: origin.test");
const ok = head("HTTP/1.1 200 OK", "Content-Type: video/mp4");

const startOfScan =
  head(
    "RESPMOD icap://10.0.0.1/scan/respmod ICAP/1.0",
    "Host: 10.0.0.1",
    "X-Client-IP: 192.0.2.7",
    "X-Scan-Progress-Interval: 10",
    "X-Authenticated-User: TG9jYWw6Ly91c2VyMQ==",
    "Allow: 204",
    `Encapsulated: req-hdr=0, res-hdr=${get.length}, res-body=${get.length + ok.length}`,
  ) +
  get +
  ok;

const healthCheck = head("OPTIONS icap://10.0.0.1/scan/respmod ICAP/1.0", "Host: 10.0.0.1");

describe("ProxySG", () => {
  it("finds the limit for its own connections in Max-Connections", async () => {
    using client = await connect();
    await client.send(healthCheck);
    const limit = icapField(await client.readAnswer(), "Max-Connections");
    expect(Number(limit)).toBeGreaterThanOrEqual(1);
  });

  it("gets one final answer where it asked for progress", async () => {
    using client = await connect();
    await client.send(startOfScan, chunk("frames"), lastChunk);
    expect((await client.readAnswer()).status).toBe(204);
  });

  it("may break off in the middle of a chunk, a hundred times, and finds the service healthy", async () => {
    const deferred = await Promise.all(Array.from({ length: 100 }, connect));
    await Promise.all(
      deferred.map((client) => client.send(startOfScan, chunk("frames"), "ffff\r\nhalf a chu")),
    );
    for (const client of deferred) client.close();
    using client = await connect();
    await client.send(healthCheck);
    expect((await client.readAnswer()).status).toBe(200);
  });
});
