/** rspamd's generic ICAP scanner: lualib/lua_scanners/icap.lua of rspamd/rspamd. */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect } = useSluice();

/** `Host:` has no space after the colon. */
const options = head(
  "OPTIONS icap://127.0.0.1:1344/scan/respmod ICAP/1.0",
  "Host:127.0.0.1",
  "User-Agent: Rspamd",
  "Encapsulated: null-body=0",
);

/** No Host, no HTTP head; Allow only if the OPTIONS answer had it. */
const respmod = (allow: readonly string[], content: string) =>
  head(
    "RESPMOD icap://127.0.0.1:1344/scan/respmod ICAP/1.0",
    ...allow,
    "Encapsulated: res-body=0",
  ) +
  chunk(content) +
  lastChunk;

/** icap_result_header_table: keys with their case, and the rest of the line after a colon and a space. */
function fieldsOf(headBytes: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of headBytes.toString("latin1").split(/[\r\n]+/)) {
    if (line.startsWith("ICAP")) fields.set("icap", line);
    const field = /([a-zA-Z\d+-]+):\s(.+)/.exec(line);
    if (field) fields.set(field[1] ?? "", field[2] ?? "");
  }
  return fields;
}

/** icap_r_options_cb: what goes into the next request, or the failure it reports. */
function allowAfterOptions(
  fields: ReadonlyMap<string, string>,
): string[] | "NO RESPMOD" | "failed" {
  if (!/ICAP\/1\.. 2\d\d/.test(fields.get("icap") ?? "")) return "failed";
  if (!fields.get("Methods")?.includes("RESPMOD")) return "NO RESPMOD";
  return fields.get("Allow")?.includes("204") ? ["Allow: 204"] : [];
}

/** icap_parse_result: the name of the threat, which the pattern takes from before a trailing ";". */
function threatIn(fields: ReadonlyMap<string, string>): string | undefined {
  if (!/ICAP\/1\.. 2\d\d/.test(fields.get("icap") ?? "")) throw new Error("ICAP error");
  const found = fields.get("X-Infection-Found");
  if (found === undefined) return fields.get("X-Virus-ID");
  const match = /Type=\d; .* Threat=(.*);+/.exec(found);
  return match ? match[1] : `unreadable: ${found}`;
}

async function rspamdScans(content: string): Promise<string | undefined> {
  using client = await connect();
  await client.send(options);
  const allow = allowAfterOptions(fieldsOf(await client.readThrough("\r\n\r\n")));
  if (typeof allow === "string") throw new Error(allow);
  await client.send(respmod(allow, content));
  return threatIn(fieldsOf(await client.readThrough("\r\n\r\n")));
}

describe("rspamd", () => {
  it("finds RESPMOD and 204 in the options", async () => {
    using client = await connect();
    await client.send(options);
    const fields = fieldsOf(await client.readThrough("\r\n\r\n"));
    expect(allowAfterOptions(fields)).toEqual(["Allow: 204"]);
  });

  it("finds no threat in a harmless attachment", async () => {
    expect(await rspamdScans("a harmless attachment")).toBeUndefined();
  });

  it("reads the name of the threat in an attachment that is EICAR", async () => {
    expect(await rspamdScans(eicar)).toMatch(/^[^;]*eicar[^;]*$/i);
  });
});
