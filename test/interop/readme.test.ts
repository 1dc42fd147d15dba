/** What README.md tells an administrator to write into squid.conf. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { curl } from "../support/curl.ts";
import { eicar } from "../support/eicar.ts";
import { Origin } from "../support/origin.ts";
import { describeWith } from "../support/programs.ts";
import { Sluice } from "../support/sluice.ts";
import { Squid, squidPrograms } from "../support/squid.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const [, lines = ""] = /```\n(icap_enable on\n.*?)```/s.exec(readme) ?? [];

describeWith([...squidPrograms, "/usr/bin/curl"], "Squid as README.md sets it up", () => {
  it("blocks EICAR and lets other content pass", async () => {
    await using origin = await Origin.start();
    await using sluice = await Sluice.start();
    const adaptation = lines.replaceAll(":1344/", `:${sluice.icapPort}/`).trim().split("\n");
    await using squid = await Squid.start({ adaptation });
    const bad = await curl("--proxy", squid.url, origin.page("/eicar.com", eicar));
    const good = await curl("--proxy", squid.url, origin.page("/good", "harmless"));
    expect([bad.status, good.status, good.body.toString()]).toEqual([403, 200, "harmless"]);
  });
});
