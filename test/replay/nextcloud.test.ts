/**
 * Nextcloud's files_antivirus. What it sends is in lib/Net/Icap/IcapRequest.php and
 * lib/Scanner/ICAP.php, how it reads in lib/Net/Icap/IcapResponseParser.php of
 * nextcloud/files_antivirus.
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

const put = head("PUT /files/report%20final.pdf HTTP/1.0", "Host: nextcloud");
const get = head("GET /files/report%20final.pdf HTTP/1.0", "Host: nextcloud");

/** The dummy length stands whatever the size is, where Nextcloud does not know it. */
const response = head("HTTP/1.0 200 OK", "Content-Length: 1");

const icapHead = (method: string, service: string, encapsulated: string) =>
  head(
    `${method} icap://127.0.0.1${service} ICAP/1.0`,
    "Allow: 204",
    "X-Client-IP: ",
    `Encapsulated: ${encapsulated}`,
    "Transfer-Encoding: chunked",
    "Host: 127.0.0.1",
    "User-Agent: NC-AV-CLIENT",
    "Connection: close",
  );

const upload = (...pieces: readonly string[]) => [
  icapHead("REQMOD", "/scan/reqmod", `req-hdr=0, req-body=${put.length}`) + put,
  ...pieces.map(chunk),
  lastChunk,
];

const check = (...pieces: readonly string[]) => [
  icapHead(
    "RESPMOD",
    "/scan/respmod",
    `req-hdr=0, res-hdr=${get.length}, res-body=${get.length + response.length}`,
  ) +
    get +
    response,
  ...pieces.map(chunk),
  lastChunk,
];

/** Names and values as its readHeaders splits them: at the first ": ", names with their case. */
function fieldsOf(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.map((line) => {
      const [name = "", ...rest] = line.split(": ");
      return [name, rest.join(": ")];
    }),
  );
}

/** IcapResponseParser.readResponse and ICAP.scanBuffer, with the header that its settings name. */
function nextcloudReads(bytes: Buffer, virusHeader: string): "clean" | "infected" | "error" {
  const [icap = "", ...encapsulated] = bytes.toString("latin1").split("\r\n\r\n");
  const [statusLine = "", ...lines] = icap.split("\r\n");
  // sscanf(…, "ICAP/%d.%d %d %s") must give four values: there must be a reason phrase.
  const status = /^ICAP\/\d+\.\d+ +(\d+) +(\S+)/.exec(statusLine.trim());
  if (!status) return "error";
  const code = Number(status[1]);
  if (code === 204) return "clean"; // The headers of a 204 are not read.
  if (code !== 200) return "error";
  const fields = fieldsOf(lines);
  const httpStatus = /^res-hdr=0/.test(fields.get("Encapsulated") ?? "")
    ? (encapsulated[0]?.split("\r\n")[0] ?? "")
    : "";
  const named = Boolean(fields.get(virusHeader));
  return named || /403 Forbidden|403 VirusFound/.test(httpStatus) ? "infected" : "clean";
}

describe("Nextcloud", () => {
  it.each([
    ["upload", upload],
    ["check", check],
  ])("takes a clean %s for clean", async (_kind, send) => {
    using client = await connect();
    await client.send(...send("a harmless ", "document"));
    expect(nextcloudReads(await client.readToEnd(), "X-Infection-Found")).toBe("clean");
  });

  it.each([
    ["upload", "X-Infection-Found", upload],
    ["upload", "X-Virus-ID", upload],
    ["check", "X-Infection-Found", check],
    ["check", "a header that does not exist", check],
  ])("takes EICAR in an %s for infected, set to look at %s", async (_kind, virusHeader, send) => {
    using client = await connect();
    await client.send(...send(eicar));
    expect(nextcloudReads(await client.readToEnd(), virusHeader)).toBe("infected");
  });

  it("takes an empty file for clean, though it ends the body twice", async () => {
    using client = await connect();
    await client.send(...upload(""));
    expect(nextcloudReads(await client.readToEnd(), "X-Infection-Found")).toBe("clean");
  });

  it("can write all of a large upload before it reads an answer", async () => {
    const piece = "x".repeat(1_000_000);
    using client = await connect();
    await client.send(...upload(...Array.from({ length: 8 }, () => piece)));
    expect(nextcloudReads(await client.readToEnd(), "X-Infection-Found")).toBe("clean");
  });
});
