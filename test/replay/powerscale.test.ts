/**
 * Dell PowerScale (Isilon) and other storage: Oracle ZFS, HCL Domino. They ask every server for its
 * ISTag, keep it with each scanned file, and scan the file again when no server has that tag any
 * more. A tag that differs by process or start makes them scan everything again
 * ("PowerScale antivirus solutions", infohub.delltechnologies.com).
 */
import { describe, expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { icapField } from "../support/icap-answer.ts";
import { Sluice } from "../support/sluice.ts";
import { useSluice } from "../support/use-sluice.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const { connect, running } = useSluice();

const poll = head(
  "OPTIONS icap://10.0.0.1:1344/scan/respmod ICAP/1.0",
  "Host: 10.0.0.1:1344",
  "User-Agent: Isilon OneFS",
);

const scan = (content: string) => {
  const get = head("GET /ifs/data/report.pdf HTTP/1.1", "Host: cluster");
  const ok = head("HTTP/1.1 200 OK", `Content-Length: ${content.length}`);
  return (
    head(
      "RESPMOD icap://10.0.0.1:1344/scan/respmod ICAP/1.0",
      "Host: 10.0.0.1:1344",
      "Allow: 204",
      `Encapsulated: req-hdr=0, res-hdr=${get.length}, res-body=${get.length + ok.length}`,
    ) +
    get +
    ok +
    chunk(content) +
    lastChunk
  );
};

async function tagAfter(sluice: Sluice, request: string): Promise<string | undefined> {
  using client = await sluice.connect();
  await client.send(request);
  return icapField(await client.readAnswer(), "ISTag");
}

describe("PowerScale", () => {
  it("finds a tag of at most 32 characters in quotes", async () => {
    expect(await tagAfter(running(), poll)).toMatch(/^"[\x21\x23-\x7e]{1,32}"$/);
  });

  it.each([
    ["another poll", poll],
    ["a clean file", scan("harmless")],
    ["a file that is EICAR", scan(eicar)],
  ])("finds the same tag on the answer to %s", async (_kind, request) => {
    expect(await tagAfter(running(), request)).toBe(await tagAfter(running(), poll));
  });

  it("finds the same tag on another server of the same version and configuration", async () => {
    await using other = await Sluice.start();
    expect(await tagAfter(other, poll)).toBe(await tagAfter(running(), poll));
  });

  it("keeps one connection for polls and scans", async () => {
    using client = await connect();
    const statuses: number[] = [];
    for (const request of [poll, scan("harmless"), poll]) {
      await client.send(request);
      statuses.push((await client.readAnswer()).status);
    }
    expect(statuses).toEqual([200, 204, 200]);
  });
});
