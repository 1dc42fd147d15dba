/**
 * ICAP-avscan, the sample client in Java and C# from which many in-house clients descend. What it
 * sends and how it reads is in ICAP.java and ICAP.cs of Baekalfen/ICAP-avscan.
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import type { IcapConnection } from "../support/icap-connection.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, endOfPreviewedBody, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

/** Both an ICAP head and, up to `0\r\n\r\n`, a whole block page with its HTTP head must fit. */
const bufferBytes = 8192;

async function readInto8KiB(client: IcapConnection, terminator: string): Promise<string> {
  const bytes = await client.readThrough(terminator);
  if (bytes.length > bufferBytes) throw new Error("Error in getHeader() method");
  return bytes.toString("latin1");
}

/** parseHeader: what stands between the first two spaces, and fields without any trimming. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const [statusLine = "", ...lines] = text.trimEnd().split("\r\n");
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
  return new Map([["StatusCode", statusLine.split(" ")[1] ?? ""], ...fields]);
}

async function previewSize(client: IcapConnection): Promise<number> {
  await client.send(
    head(
      "OPTIONS icap://127.0.0.1/scan/respmod ICAP/1.0",
      "Host: 127.0.0.1",
      "User-Agent: IT-Kartellet ICAP Client/1.1",
      "Encapsulated: null-body=0",
    ),
  );
  const fields = fieldsOf(await readInto8KiB(client, "\r\n\r\n"));
  if (fields.get("StatusCode") !== "200") throw new Error("Could not get preview size");
  return Number(fields.get("Preview"));
}

interface Variant {
  readonly connection: readonly string[];
  /** What is encapsulated for a file of that size. */
  readonly heads: (size: number) => { readonly text: string; readonly sections: string };
  readonly hex: (size: number) => string;
}

const java: Variant = {
  connection: ["Connection:  close"],
  heads: (size) => {
    const request = head("GET /report.pdf HTTP/1.1", "Host: 127.0.0.1:1344");
    const text =
      request + head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", `Content-Length: ${size}`);
    return { text, sections: `req-hdr=0, res-hdr=${request.length}, res-body=${text.length}` };
  },
  hex: (size) => size.toString(16),
};

/** The head of the response has no status line at all; sizes of chunks are in capitals. */
const csharp: Variant = {
  connection: [],
  heads: (size) => {
    const text = head(`Content-Length: ${size}`);
    return { text, sections: `res-hdr=0, res-body=${text.length}` };
  },
  hex: (size) => size.toString(16).toUpperCase(),
};

/** scanFile: true when the file may pass, false when not, an exception for all else. */
async function avscan(variant: Variant, content: string): Promise<boolean> {
  using client = await connect();
  const preview = content.slice(0, await previewSize(client));
  const { text, sections } = variant.heads(content.length);
  await client.send(
    head(
      "RESPMOD icap://127.0.0.1/scan/respmod ICAP/1.0",
      "Host: 127.0.0.1",
      ...variant.connection,
      "User-Agent: IT-Kartellet ICAP Client/1.1",
      "Allow: 204",
      `Preview: ${preview.length}`,
      `Encapsulated: ${sections}`,
    ) + text,
    `${variant.hex(preview.length)}\r\n${preview}\r\n`,
    preview.length === content.length ? endOfPreviewedBody : lastChunk,
  );
  let status = fieldsOf(await readInto8KiB(client, "\r\n\r\n")).get("StatusCode");
  if (status === "100") {
    await client.send(chunk(content.slice(preview.length)), lastChunk);
    status = fieldsOf(await readInto8KiB(client, "\r\n\r\n")).get("StatusCode");
  }
  if (status === "204") return true;
  if (status !== "200") throw new Error("Unrecognized or no status code in response header.");
  // It cuts the text between the title tags out of the page, so there must be some.
  const page = await readInto8KiB(client, lastChunk);
  if (!/<title>.*<\/title>/s.test(page)) throw new Error("no title");
  return false;
}

describe.each([
  ["Java", java],
  ["C#", csharp],
])("ICAP-avscan in %s", (_language, variant) => {
  it("lets a small file pass", async () => {
    expect(await avscan(variant, "harmless")).toBe(true);
  });

  it("lets a file larger than the preview pass", async () => {
    expect(await avscan(variant, "harmless ".repeat(5_000))).toBe(true);
  });

  it("stops EICAR, with an answer that fits into its buffers", async () => {
    expect(await avscan(variant, eicar)).toBe(false);
  });
});
