/**
 * F5 BIG-IP (request-adapt and response-adapt profiles). It never sends `Allow: 204`; a 204 is legal
 * only as the answer to a preview, and after a 100 it has dropped its copy, so that a 204 would lose
 * the message ("ICAP 204 FAQ", community.f5.com).
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, endOfPreviewedBody, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const get = head("GET /file HTTP/1.1", "Host: origin.test");
const ok = head("HTTP/1.1 200 OK", "Content-Type: text/plain");

const respmod = (preview: number) =>
  head(
    "RESPMOD icap://10.0.0.1:1344/scan/respmod ICAP/1.0",
    "Host: 10.0.0.1:1344",
    `Preview: ${preview}`,
    `Encapsulated: req-hdr=0, res-hdr=${get.length}, res-body=${get.length + ok.length}`,
  ) +
  get +
  ok;

const large = "harmless ".repeat(20_000);

async function sendLarge(content: string) {
  const client = await connect();
  await client.send(respmod(1024) + chunk(content.slice(0, 1024)) + lastChunk);
  const first = await client.readAnswer();
  if (first.status !== 100) return { first, client };
  await client.send(chunk(content.slice(1024)) + lastChunk);
  return { first, client, last: await client.readAnswer() };
}

describe("F5 BIG-IP", () => {
  it("gets back the message it dropped, after it was asked for the rest", async () => {
    const { client, first, last } = await sendLarge(large);
    using _ = client;
    expect([first.status, last?.status]).toEqual([100, 200]);
    expect(last?.body?.toString("latin1") === large).toBe(true);
  });

  it("gets the heads back as it sent them", async () => {
    const { client, last } = await sendLarge(large);
    using _ = client;
    expect(last?.responseHead).toBe(ok);
  });

  it("gets a small clean message back or a 204 to its preview, which both keep it", async () => {
    using client = await connect();
    await client.send(respmod(1024) + chunk("harmless") + endOfPreviewedBody);
    const answer = await client.readAnswer();
    expect(answer.status === 204 || answer.body?.toString() === "harmless").toBe(true);
  });

  it("gets a block page in place of EICAR", async () => {
    using client = await connect();
    await client.send(respmod(1024) + chunk(eicar) + endOfPreviewedBody);
    expect((await client.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403 /);
  });
});
