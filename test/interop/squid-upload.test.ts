/** What a user uploads through Squid. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { eicar } from "../support/eicar.ts";
import { describeWith } from "../support/programs.ts";
import { squidPrograms } from "../support/squid.ts";
import { useProxiedPath } from "./proxied.ts";
import { zipped } from "./zipped.ts";

const programs = [...squidPrograms, "/usr/bin/curl", "/usr/bin/openssl", "/usr/bin/zip"];

describeWith(programs, "An upload through Squid", () => {
  const path = useProxiedPath();
  let uploads = 0;

  /** Uploads to an address of its own and tells what the web server received there. */
  async function upload(...args: readonly string[]) {
    uploads += 1;
    const page = `/upload-${uploads}`;
    const url = path().origin.page(page, "thank you");
    const { status } = await path().curl(...args, url);
    const received = path().origin.received.find((request) => request.url === page);
    return { status, received };
  }

  /** The same, for uploads that must not arrive. */
  async function blockedUpload(...args: readonly string[]) {
    const { status, received } = await upload(...args);
    return { status, arrived: received !== undefined };
  }

  function fileWith(content: Buffer | string): string {
    const file = path().files.join(`upload-${uploads}.bin`);
    writeFileSync(file, content, "latin1");
    return file;
  }

  it.each([0, 1, 4096, 300_000, 3_000_000])("of %i bytes arrives unchanged", async (size) => {
    const content = randomBytes(size);
    const { status, received } = await upload("--data-binary", `@${fileWith(content)}`);
    expect(status).toBe(200);
    expect(received?.body.equals(content)).toBe(true);
  });

  it("with PUT arrives unchanged", async () => {
    const content = randomBytes(50_000);
    const { received } = await upload("--upload-file", fileWith(content));
    expect(received?.method).toBe("PUT");
    expect(received?.body.equals(content)).toBe(true);
  });

  it("of unknown length arrives unchanged", async () => {
    const content = randomBytes(50_000);
    const { received } = await upload(
      ...["--header", "Transfer-Encoding: chunked"],
      ...["--upload-file", fileWith(content)],
    );
    expect(received?.body.equals(content)).toBe(true);
  });

  it("of a form with two clean parts arrives with both", async () => {
    const { received } = await upload(
      "--form",
      "note=hello",
      "--form",
      `file=@${fileWith("fine")}`,
    );
    expect(received?.body.toString()).toMatch(/hello.*fine/s);
  });

  const blocked = { status: 403, arrived: false };

  it("of EICAR is answered 403, and the web server gets nothing of it", async () => {
    expect(await blockedUpload("--data-binary", `@${fileWith(eicar)}`)).toEqual(blocked);
  });

  it("of EICAR with PUT is blocked", async () => {
    expect(await blockedUpload("--upload-file", fileWith(eicar))).toEqual(blocked);
  });

  it("of EICAR as the second part of a form is blocked", async () => {
    const second = `file=@${fileWith(eicar)};filename=a.txt`;
    expect(await blockedUpload("--form", "note=hello", "--form", second)).toEqual(blocked);
  });

  it("of EICAR in a zip in a form is blocked", async () => {
    const second = `file=@${fileWith(await zipped("eicar.com", eicar))}`;
    expect(await blockedUpload("--form", "note=hello", "--form", second)).toEqual(blocked);
  });

  it("of EICAR with Content-Encoding gzip is blocked", async () => {
    const file = fileWith(gzipSync(eicar));
    expect(
      await blockedUpload("--header", "Content-Encoding: gzip", "--data-binary", `@${file}`),
    ).toEqual(blocked);
  });
});
