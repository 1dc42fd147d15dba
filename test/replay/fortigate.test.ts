/**
 * FortiGate and FortiProxy: a pool of connections, the preview optional, 204 only up to a size of
 * their own, and the user in fields whose content the administrator chooses (docs.fortinet.com,
 * "ICAP").
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const post = (size: number) =>
  head("POST /upload HTTP/1.1", "Host: origin.test", `Content-Length: ${size}`);

const reqmod = (content: string, ...fields: readonly string[]) =>
  head(
    "REQMOD icap://10.0.0.1:1344/scan/reqmod ICAP/1.0",
    "Host: 10.0.0.1:1344",
    "X-Client-IP: 192.0.2.7",
    "X-Authenticated-User: V2luTlQ6Ly9NWURPTUFJTi91c2VyMQ==",
    "X-Authenticated-Groups: V2luTlQ6Ly9NWURPTUFJTi9zdGFmZg==",
    ...fields,
    `Encapsulated: req-hdr=0, req-body=${post(content.length).length}`,
  ) +
  post(content.length) +
  chunk(content) +
  lastChunk;

describe("FortiGate", () => {
  it("gets 204 for an upload small enough that it allows it, without a preview", async () => {
    using client = await connect();
    await client.send(reqmod("harmless", "Allow: 204"));
    expect((await client.readAnswer()).status).toBe(204);
  });

  it("gets the request itself back where it does not allow 204", async () => {
    using client = await connect();
    await client.send(reqmod("harmless"));
    const answer = await client.readAnswer();
    expect(answer).toMatchObject({ status: 200, requestHead: post(8).toString() });
    expect(answer.body?.toString()).toBe("harmless");
  });

  it("gets an answer on each connection of a pool of 100", async () => {
    const pool = await Promise.all(Array.from({ length: 100 }, connect));
    await Promise.all(pool.map((client) => client.send(reqmod("harmless", "Allow: 204"))));
    const answers = await Promise.all(pool.map((client) => client.readAnswer()));
    for (const client of pool) client.close();
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(100);
  });

  it("gets a block page in place of EICAR, whatever it allows", async () => {
    using client = await connect();
    await client.send(reqmod(eicar, "Allow: 204"));
    expect((await client.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403 /);
  });
});
