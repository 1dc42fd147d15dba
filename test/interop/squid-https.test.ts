/** HTTPS that Squid opens with ssl-bump, so that its content is scanned. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { describeWith } from "../support/programs.ts";
import { squidPrograms } from "../support/squid.ts";
import { useProxiedPath } from "./proxied.ts";

const programs = [...squidPrograms, "/usr/bin/curl", "/usr/bin/openssl"];

describeWith(programs, "HTTPS through Squid with ssl-bump", () => {
  const path = useProxiedPath({ bump: true });

  it("carries a clean download unchanged", async () => {
    const content = randomBytes(60_000);
    const { status, body } = await path().curl(path().secureOrigin.page("/clean", content));
    expect(status).toBe(200);
    expect(body.equals(content)).toBe(true);
  });

  it("carries a clean upload unchanged", async () => {
    const content = randomBytes(300_000);
    writeFileSync(path().files.join("clean"), content);
    const url = path().secureOrigin.page("/clean-upload", "thank you");
    await path().curl("--data-binary", `@${path().files.join("clean")}`, url);
    expect(path().secureOrigin.received.at(-1)?.body.equals(content)).toBe(true);
  });

  it("is answered 403 where it brings EICAR", async () => {
    const { status } = await path().curl(path().secureOrigin.page("/eicar.com", eicar));
    expect(status).toBe(403);
  });

  it("is answered 403 where it would send EICAR, and nothing of it is sent", async () => {
    writeFileSync(path().files.join("eicar"), eicar, "latin1");
    const url = path().secureOrigin.page("/stolen", "thank you");
    const { status } = await path().curl("--form", `file=@${path().files.join("eicar")}`, url);
    expect(status).toBe(403);
    expect(path().secureOrigin.received.map((request) => request.url)).not.toContain("/stolen");
  });
});
