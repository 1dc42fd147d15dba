/**
 * toolarium-icap-client (Java) and its relatives. What it sends and how it reads is in
 * ICAPClientImpl.java, ICAPParser.java and ChunkedInputStream.java of toolarium/toolarium-icap-client.
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import type { IcapConnection } from "../support/icap-connection.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, endOfPreviewedBody, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

type Fields = ReadonlyMap<string, readonly string[]>;

/** ICAPParser.parseHeader: names with their case, values cut at commas, or at semicolons. */
function fieldsOf(headBytes: Buffer): { status: number; fields: Fields } {
  const [statusLine = "", ...lines] = headBytes.toString("latin1").trimEnd().split("\r\n");
  const status = /^(\w+)\/(\S+) (\d+) (.+)$/.exec(statusLine);
  if (!status) throw new Error(`not a status line: ${statusLine}`);
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":"));
    const value = line.slice(line.indexOf(":") + 1);
    const parts = value.split(name === "X-Infection-Found" ? ";" : ",");
    fields.set(
      name,
      parts.map((part) => part.trim()),
    );
  }
  return { status: Number(status[3]), fields };
}

const threatFields = [
  "X-Infection-Found",
  "X-Violations-Found",
  "X-Blocked",
  "X-Virus-ID",
  "X-Virus-Name",
  "X-Block-Reason",
  "X-WWBlockResult",
];

interface Service {
  readonly previewBytes: number;
  readonly allows204: boolean;
  readonly methods: readonly string[];
}

async function askOptions(client: IcapConnection, path: string): Promise<Service> {
  await client.send(
    head(
      `OPTIONS icap://localhost:1344${path} ICAP/1.0`,
      "Host: localhost",
      "User-Agent: toolarium",
      "Encapsulated: null-body=0",
    ),
  );
  const { status, fields } = fieldsOf(await client.readThrough("\r\n\r\n"));
  if (status !== 200) throw new Error("Could not resolve options!");
  return {
    previewBytes: Number(fields.get("Preview")?.[0] ?? 1024),
    // Only the first value is compared.
    allows204: fields.get("Allow")?.[0] === "204",
    methods: fields.get("Methods") ?? [],
  };
}

/** In REQMOD the head of a *response* follows that of the request, both as `req-hdr`. */
function requestHead(method: "REQMOD" | "RESPMOD", service: Service, content: string): string {
  const request = head("GET /report.pdf HTTP/1.1", "Host: file");
  const response = head(
    "HTTP/1.1 200 OK",
    "Transfer-Encoding: chunked",
    `Content-Length: ${content.length}`,
  );
  const bodyAt = request.length + response.length;
  const encapsulated =
    method === "RESPMOD"
      ? `req-hdr=0, res-hdr=${request.length}, res-body=${bodyAt}`
      : `req-hdr=0, req-body=${bodyAt}`;
  return (
    head(
      `${method} icap://localhost:1344/scan/${method.toLowerCase()} ICAP/1.0`,
      "Host: localhost",
      "Connection:  close",
      "User-Agent: toolarium",
      ...(service.allows204 ? ["Allow: 204"] : []),
      `Preview: ${Math.min(service.previewBytes, content.length)}`,
      `Encapsulated: ${encapsulated}`,
    ) +
    request +
    response
  );
}

/** ICAPClientImpl.processResource and validateResource: a new connection for each request. */
async function toolariumValidates(method: "REQMOD" | "RESPMOD", content: string) {
  using first = await connect();
  const service = await askOptions(first, `/scan/${method.toLowerCase()}`);
  using client = await connect();
  const preview = content.slice(0, service.previewBytes);
  const rest = content.slice(preview.length);
  await client.send(
    requestHead(method, service, content),
    chunk(preview),
    rest === "" ? endOfPreviewedBody : lastChunk,
  );
  let answer = fieldsOf(await client.readThrough("\r\n\r\n"));
  if (answer.status === 100) {
    await client.send(chunk(rest), lastChunk);
    answer = fieldsOf(await client.readThrough("\r\n\r\n"));
  }
  if (answer.status === 204) return "allowed";
  if (answer.status !== 200) throw new Error(`Unrecognized status code: ${answer.status}`);
  return threatFields.some((name) => answer.fields.has(name)) ? "blocked" : "allowed";
}

const large = "harmless ".repeat(5_000);

describe("toolarium-icap-client", () => {
  it("finds that 204 is allowed, which must come first in Allow", async () => {
    using client = await connect();
    await expect(askOptions(client, "/scan/reqmod")).resolves.toMatchObject({ allows204: true });
  });

  it("finds only methods that it knows by their upper-case names", async () => {
    using client = await connect();
    const { methods } = await askOptions(client, "/scan");
    expect([...methods].sort()).toEqual(["REQMOD", "RESPMOD"]);
  });

  describe.each(["REQMOD", "RESPMOD"] as const)("in %s", (method) => {
    it("lets a small file pass", async () => {
      expect(await toolariumValidates(method, "harmless")).toBe("allowed");
    });

    it("lets a file larger than the preview pass", async () => {
      expect(await toolariumValidates(method, large)).toBe("allowed");
    });

    it("blocks EICAR", async () => {
      expect(await toolariumValidates(method, eicar)).toBe("blocked");
    });
  });
});
