/**
 * ownCloud's files_antivirus: plain, in McAfee mode and in Fortinet mode. What it sends and how it
 * reads is in lib/Scanner/ICAPClient.php, ICAPScanner.php, McAfeeWebGatewayScanner.php,
 * FortinetScanner.php and ICAPResponseAnalyser.php of owncloud/files_antivirus.
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const icapHead = (method: string, service: string, encapsulated: string) =>
  head(
    `${method} icap://127.0.0.1${service} ICAP/1.0`,
    "Allow: 204",
    "Host: 127.0.0.1",
    "User-Agent: ownCloud-icap-client/0.1.0",
    "Connection: close",
    `Encapsulated: ${encapsulated}`,
  );

/** The whole file goes in one chunk. */
function plain(data: string): string {
  const http = head("PUT / HTTP/1.0", "Host: 127.0.0.1");
  const encapsulated = `req-hdr=0, req-body=${http.length}`;
  return icapHead("REQMOD", "/scan/reqmod", encapsulated) + http + chunk(data) + lastChunk;
}

/** A request line stands where the status line of a response belongs. */
function fortinet(data: string): string {
  const http = head(
    "POST / HTTP/1.0",
    "Host: 127.0.0.1",
    "X-Client-IP: 192.0.2.7",
    "Content-Disposition: inline ; filename=report.pdf",
    `Content-Length: ${data.length}`,
  );
  const encapsulated = `res-hdr=0, res-body=${http.length}`;
  return icapHead("RESPMOD", "/scan/respmod", encapsulated) + http + chunk(data) + lastChunk;
}

/** As fortinet, and an empty request head is listed behind the body, by its offset after the chunk. */
function mcAfee(data: string): string {
  const http = head(
    "GET http://localhost/ HTTP/1.1",
    "DNT: 1",
    "X-Client-IP: 192.0.2.7",
    `Content-Length: ${data.length}`,
  );
  const afterBody = http.length + chunk(data).length;
  const encapsulated = `res-hdr=0, res-body=${http.length}, req-hdr=${afterBody}`;
  return icapHead("RESPMOD", "/scan/respmod", encapsulated) + http + chunk(data) + lastChunk;
}

/**
 * ICAPClient.send and ICAPResponseAnalyser: fields are read up to `Encapsulated` and no further, so
 * whatever stands after it, the blank line too, is taken for the start of the HTTP head.
 */
function ownCloudReads(bytes: Buffer, virusHeader: string): "clean" | "infected" | "error" {
  const lines = bytes.toString("latin1").split("\r\n");
  const status = /^ICAP\/\d+\.\d+ +(\d+) +\S+/.exec(lines[0] ?? "");
  const code = Number(status?.[1]);
  if (![100, 200, 204].includes(code)) return "error";
  if (code === 204) return "clean";
  const last = lines.findIndex((line) => line.startsWith("Encapsulated: "));
  if (last === -1) return "error";
  const named = lines.slice(1, last).some((line) => line.startsWith(`${virusHeader}: `));
  const offset = Number(/=([1-9]\d*)/.exec(lines[last] ?? "")?.[1]);
  const http = lines
    .slice(last + 1)
    .join("\r\n")
    .slice(0, offset);
  const httpStatus = http.trim().split("\r\n")[0] ?? "";
  return named || /403 Forbidden|403 VirusFound/.test(httpStatus) ? "infected" : "clean";
}

describe.each([
  ["plain", plain],
  ["in Fortinet mode", fortinet],
  ["in McAfee mode", mcAfee],
])("ownCloud %s", (_mode, request) => {
  it("takes a clean file for clean", async () => {
    using client = await connect();
    await client.send(request("a harmless document"));
    expect(ownCloudReads(await client.readToEnd(), "X-Infection-Found")).toBe("clean");
  });

  it.each(["X-Infection-Found", "X-Virus-ID", "a header that does not exist"])(
    "takes EICAR for infected, set to look at %s",
    async (virusHeader) => {
      using client = await connect();
      await client.send(request(eicar));
      expect(ownCloudReads(await client.readToEnd(), virusHeader)).toBe("infected");
    },
  );
});
