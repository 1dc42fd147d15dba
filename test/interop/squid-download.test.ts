/**
 * What a user downloads through Squid. Bodies stay below 64 KiB or come slowly: Squid 5.7 of Debian 12
 * stalls on larger ones while the ICAP server holds its answer (Squid bug 5352, fixed in 6.13 and 7).
 */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { describeWith } from "../support/programs.ts";
import { squidPrograms } from "../support/squid.ts";
import { useProxiedPath } from "./proxied.ts";
import { zipped } from "./zipped.ts";

const programs = [...squidPrograms, "/usr/bin/curl", "/usr/bin/openssl", "/usr/bin/zip"];

describeWith(programs, "A download through Squid", () => {
  const path = useProxiedPath();

  it.each([1, 1000, 4096, 4097, 60_000])("of %i bytes arrives unchanged", async (size) => {
    const content = randomBytes(size);
    const { status, body } = await path().curl(path().origin.page(`/clean-${size}`, content));
    expect(status).toBe(200);
    expect(body.equals(content)).toBe(true);
  });

  it("of nothing arrives as nothing", async () => {
    const { status, body } = await path().curl(path().origin.page("/empty", ""));
    expect([status, body.length]).toEqual([200, 0]);
  });

  it("of unknown length arrives unchanged", async () => {
    const content = randomBytes(30_000);
    const url = path().origin.page("/chunked", (_request, response) => {
      response.writeHead(200).write(content.subarray(0, 10_000));
      response.end(content.subarray(10_000));
    });
    expect((await path().curl(url)).body.equals(content)).toBe(true);
  });

  it("of 200 KB arrives unchanged from a server that sends 16 KB every 60 ms", async () => {
    const content = randomBytes(200_000);
    const url = path().origin.page("/slow", (_request, response) => {
      void sendSlowly(response, content);
    });
    expect((await path().curl(url)).body.equals(content)).toBe(true);
  });

  it("in gzip arrives with the bytes that the server sent", async () => {
    const content = gzipSync("harmless ".repeat(1000));
    const url = path().origin.page("/clean.gz", (_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip", "Content-Type": "text/plain" });
      response.end(content);
    });
    const { headers, body } = await path().curl(url);
    expect(headers.get("content-encoding")).toBe("gzip");
    expect(body.equals(content)).toBe(true);
  });

  it("of EICAR is answered 403 with a page that says why", async () => {
    const { status, body } = await path().curl(
      ...["--header", "Accept: text/html"],
      path().origin.page("/eicar.com", eicar),
    );
    expect(status).toBe(403);
    expect(body.toString()).toMatch(/<h1>This content is malicious<\/h1>.*eicar/is);
  });

  it("of EICAR lets nothing of it through", async () => {
    const { body } = await path().curl(path().origin.page("/eicar.com", eicar));
    expect(body.includes(eicar.slice(0, 20))).toBe(false);
  });

  it("of EICAR is answered with a page that no cache may keep", async () => {
    const { headers } = await path().curl(path().origin.page("/eicar.com", eicar));
    expect(headers.get("cache-control")).toMatch(/\bno-store\b/);
  });

  it("of EICAR is answered in JSON to a program that wants JSON", async () => {
    const { headers, body } = await path().curl(
      ...["--header", "Accept: application/json"],
      path().origin.page("/eicar.com", eicar),
    );
    expect(headers.get("content-type")).toMatch(/^application\/(problem\+)?json/);
    expect(JSON.parse(body.toString())).toMatchObject({ status: 403 });
  });

  it("of EICAR in a zip is blocked", async () => {
    const url = path().origin.page("/eicar.zip", await zipped("eicar.com", eicar));
    expect((await path().curl(url)).status).toBe(403);
  });

  it("of EICAR with Content-Encoding gzip is blocked", async () => {
    const url = path().origin.page("/eicar", (_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(eicar));
    });
    expect((await path().curl(url)).status).toBe(403);
  });

  it("of EICAR as a partial response is blocked", async () => {
    const url = path().origin.page("/ranged", (_request, response) => {
      response.writeHead(206, { "Content-Range": `bytes 0-${eicar.length - 1}/100000` });
      response.end(eicar);
    });
    expect((await path().curl("--range", `0-${eicar.length - 1}`, url)).status).toBe(403);
  });

  it("with HEAD keeps the length of the body it does not bring", async () => {
    const url = path().origin.page("/head", "x".repeat(1234));
    const { exitCode, headers } = await path().curl("--head", url);
    expect([exitCode, headers.get("content-length")]).toEqual([0, "1234"]);
  });

  it("that is not modified is answered 304", async () => {
    const url = path().origin.page("/etag", (request, response) => {
      const fresh = request.headers["if-none-match"] === '"1"';
      response.writeHead(fresh ? 304 : 200, { ETag: '"1"' }).end(fresh ? undefined : "content");
    });
    expect((await path().curl("--header", 'If-None-Match: "1"', url)).status).toBe(304);
  });

  it("that has no content is answered 204", async () => {
    const url = path().origin.page("/none", (_request, response) => {
      response.writeHead(204).end();
    });
    expect((await path().curl(url)).status).toBe(204);
  });

  it("follows a redirect to clean content", async () => {
    const target = path().origin.page("/target", "clean");
    const url = path().origin.page("/redirect", (_request, response) => {
      response.writeHead(302, { Location: target }).end("moved");
    });
    expect((await path().curl("--location", url)).body.toString()).toBe("clean");
  });

  it("is stopped behind a redirect to EICAR", async () => {
    const target = path().origin.page("/eicar.com", eicar);
    const url = path().origin.page("/redirect", (_request, response) => {
      response.writeHead(302, { Location: target }).end();
    });
    expect((await path().curl("--location", url)).status).toBe(403);
  });

  it("through CONNECT, which Squid does not look into, arrives unchanged", async () => {
    const content = randomBytes(200_000);
    const { body } = await path().curl(path().secureOrigin.page("/tunnelled", content));
    expect(body.equals(content)).toBe(true);
  });
});

async function sendSlowly(response: ServerResponse, content: Buffer): Promise<void> {
  response.writeHead(200, { "Content-Length": content.length });
  for (let at = 0; at < content.length; at += 16_384) {
    response.write(content.subarray(at, at + 16_384));
    await pause(60);
  }
  response.end();
}
