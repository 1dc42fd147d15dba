import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CacheAdmin, SCANNER, TOKEN } from "../../support/cache-admin.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { run } from "./fake-context.ts";

const HASH = "a".repeat(64);
let admin: CacheAdmin;
beforeEach(async () => {
  admin = await CacheAdmin.start();
});
afterEach(() => admin[Symbol.asyncDispose]());

const cache = (...argv: readonly string[]) =>
  run(["cache", ...argv], { env: { SLUICE_ADMIN_URL: admin.url, SLUICE_ADMIN_TOKEN: TOKEN } });

/** Moments vary. */
const stable = (text: string): string =>
  text.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "2027-01-01 00:00:00 UTC");

describe("sluice cache stats", () => {
  it("prints a line for each tier, and the overrides", async () => {
    await admin.remember("one");
    await admin.remember("one");
    expect((await cache("stats")).stdout).toMatch(
      /^TIER +ANSWERS +ENTRIES +SIZE +READS +HITS +FAILED\nmemory +yes +1 +\d+ of 976\.6Ki +2 +50\.0 % +0\n\noverrides: 0 allowed, 0 blocked, kept in memory\nworker processes: 1\n$/,
    );
  });

  it("prints JSON", async () => {
    const { code, stdout } = await cache("stats", "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { processes: 1 }]);
  });
});

describe("sluice cache lookup", () => {
  it("prints what scanners would say", async () => {
    const sha256 = await admin.remember("one");
    const { stdout } = await cache("lookup", sha256);
    expect(stable(stdout)).toBe(
      [
        `sha256 ${sha256}`,
        "",
        "SCANNER                     VERDICT  THREATS  JUDGED                   EXPIRES",
        `${SCANNER}  blocked  Eicar    2027-01-01 00:00:00 UTC  2027-01-01 00:00:00 UTC`,
        "",
      ].join("\n"),
    );
  });

  it("takes a file for its hash", async () => {
    const sha256 = await admin.remember("one");
    const file = admin.directory.join("one.bin");
    writeFileSync(file, "one");
    expect((await cache("lookup", file, "--json")).stdout).toContain(`"sha256":"${sha256}"`);
  });

  it.each([
    ["/nope", "there is no such file"],
    ["/", "it is a directory"],
  ])("says of %s in words that it is neither a hash nor a file", async (what, why) => {
    const { code, stderr } = await cache("lookup", what);
    expect([code, stderr]).toEqual([
      2,
      `error: ${what} is neither a SHA-256 (64 hexadecimal digits) nor a file: ${why}\n`,
    ]);
  });

  it("prints the scanners that know nothing", async () => {
    await admin.remember("one");
    expect((await cache("lookup", HASH)).stdout).toBe(
      `sha256 ${HASH}\n\nNo verdict found:\n  ${SCANNER}\n`,
    );
  });

  it("passes on what verdicts may depend on", async () => {
    const { code } = await cache("lookup", HASH, "--type", "text/plain", "--name", "a b.txt");
    expect(code).toBe(0);
  });

  it("lets no control characters of a threat's name through", async () => {
    const reason = "a\u001b[31mb";
    const { stderr, code } = await cache("override", "block", HASH, "--reason", reason, "--for=1d");
    expect([code, stderr.includes("\u001b")]).toEqual([1, false]);
  });
});

describe("sluice cache purge", () => {
  it.each([
    [
      ["--scanner", "clamav"],
      "purged: verdicts on all contents, of scanner clamav, up to now\n" +
        'No scanner of this server is called clamav: "sluice cache lookup" lists them.\n',
    ],
    [["--sha256", HASH], `purged: verdicts on content ${HASH}, of all scanners, up to now\n`],
    [["--yes"], "purged: verdicts on all contents, of all scanners, up to now\n"],
    [
      ["--yes", "--before", "2h"],
      "purged: verdicts on all contents, of all scanners, before 2027-01-01 00:00:00 UTC\n",
    ],
  ])("with %j says what it did", async (flags, text) => {
    expect(stable((await cache("purge", ...flags)).stdout)).toBe(text);
  });

  it("has no doubt about a scanner that is there", async () => {
    await admin.remember("one");
    expect((await cache("purge", "--scanner", "clamav")).stdout).toBe(
      "purged: verdicts on all contents, of scanner clamav, up to now\n",
    );
  });

  it("forgets", async () => {
    const sha256 = await admin.remember("one");
    await cache("purge", "--sha256", sha256);
    expect((await cache("lookup", sha256)).stdout).toContain("No verdict found");
  });

  it.each([[[]], [["--before", "2h"]]])("with %j wants to be told twice", async (flags) => {
    const sha256 = await admin.remember("one");
    const { code, stderr } = await cache("purge", ...flags);
    const { stdout } = await cache("lookup", sha256);
    expect([code, stderr, stdout.includes("Eicar")]).toEqual([
      2,
      expect.stringContaining("add --yes"),
      true,
    ]);
  });
});

describe("sluice cache override", () => {
  it("blocks, and says for how long, where, why, who, and how long that is kept", async () => {
    const { code, stdout } = await cache(
      ...["override", "block", HASH, "--reason", "leaked document", "--for", "7d"],
    );
    expect([code, stable(stdout)]).toEqual([
      0,
      [
        "blocked in all services until 2027-01-01 00:00:00 UTC",
        `  content  ${HASH}`,
        "  reason   leaked document",
        "  author   ada, 2027-01-01 00:00:00 UTC",
        "Kept in memory: this server alone goes by it, until it ends.",
        "",
      ].join("\n"),
    ]);
  });

  it("allows in some services, for another author, until a moment", async () => {
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const flags = ["--reason", "x", "--until", until, "--author", "bob"];
    const services = ["--service", "scan", "--service", "web/upload"];
    await cache("override", "allow", ...flags, ...services, HASH);
    expect(admin.overrides.get(HASH)).toMatchObject({
      action: "allow",
      author: "bob",
      services: ["scan", "web/upload"],
      expiresAt: Date.parse(until),
    });
  });

  it("lists, and removes", async () => {
    await cache("override", "block", HASH, "--reason", "leaked document", "--for", "7d");
    const listed = await cache("override", "list");
    const removed = await cache("override", "remove", HASH);
    const { stdout } = await cache("override", "list");
    expect([listed.stdout, removed.stdout, stdout]).toEqual([
      expect.stringMatching(/\nblock +a{64} .* all +ada +leaked document\n\nkept in memory\n$/),
      `removed: ${HASH} is no longer blocked\n`,
      "no overrides\n",
    ]);
  });

  it("says why not", async () => {
    const { code, stderr } = await cache(
      ...["override", "allow", HASH, "--reason", "x", "--for", "91d"],
    );
    expect([code, stderr]).toEqual([
      1,
      "error: the request is not allowed: allow lasts for 90 days at most\n",
    ]);
  });

  it.each([
    [["--for", "1d"], "--reason"],
    [["--reason", "x"], "say how long"],
    [["--reason", "x", "--for", "soon"], "12h or 7d"],
    [["--reason", "x", "--until", "soon"], "2027-01-31"],
    [["--reason", "x", "--for", "1d", "--until", "2027-01-31"], "cannot be used"],
  ])("with %j is wrong usage", async (flags, told) => {
    const { code, stderr } = await cache("override", "block", HASH, ...flags);
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
  });
});

describe("a command for an admin port with TLS", () => {
  let authority: CertificateAuthority;
  let secure: CacheAdmin;
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    const { cert, key } = await authority.issue("IP:127.0.0.1");
    const directory = new TempDirectory();
    const tls = { certFile: directory.join("cert.pem"), keyFile: directory.join("key.pem") };
    writeFileSync(tls.certFile, cert);
    writeFileSync(tls.keyFile, key);
    secure = await CacheAdmin.start({ tls });
    directory.remove();
  });
  afterAll(async () => {
    await secure[Symbol.asyncDispose]();
    authority.remove();
  });
  const stats = (...flags: readonly string[]) =>
    run(["cache", "stats", "--admin-url", secure.url, ...flags], {
      env: { SLUICE_ADMIN_TOKEN: TOKEN },
      files: { "/ca.pem": authority.cert },
    });

  it("trusts the authorities that it is told", async () => {
    expect((await stats("--tls-ca", "/ca.pem")).code).toBe(0);
  });

  it("trusts nobody else", async () => {
    const { code, stderr } = await stats();
    const why = "its certificate is of no authority known here; name it by --tls-ca";
    expect([code, stderr]).toEqual([1, `error: ${secure.url}/ cannot be asked: ${why}\n`]);
  });

  it("is told of TLS when it asks without", async () => {
    const { code, stderr } = await stats("--admin-url", secure.url.replace("https:", "http:"));
    expect([code, stderr]).toEqual([1, expect.stringContaining("write https://")]);
  });

  it("says that a file of authorities is not there", async () => {
    const { code, stderr } = await stats("--tls-ca", "/none");
    expect([code, stderr]).toEqual([2, "error: /none: there is no such file\n"]);
  });
});

describe("a command for the admin port", () => {
  it("takes the token from the file of the server", async () => {
    const files = { "/tokens": readFileSync(admin.tokenFile, "utf8") };
    const argv = ["cache", "stats", "--token-file", "/tokens", "--admin-url", admin.url];
    expect((await run(argv, { files })).code).toBe(0);
  });

  it.each([
    ["without a token", undefined, [], "2 error: a token is needed"],
    ["with a wrong token", "wrong", [], "1 error: no access"],
    ["with a file that is not there", "x", ["--token-file", "/none"], "2 error: /none: there is"],
    ["with a wrong address", "x", ["--admin-url", "nonsense"], "2 error: nonsense is no URL"],
  ])("%s tells what is wrong", async (_what, token, flags, expected) => {
    const env = { SLUICE_ADMIN_URL: admin.url, ...(token && { SLUICE_ADMIN_TOKEN: token }) };
    const { code, stderr } = await run(["cache", "stats", ...flags], { env });
    expect(`${code} ${stderr}`.startsWith(expected)).toBe(true);
  });

  it("tells that nobody is there", async () => {
    const { url } = admin;
    await admin[Symbol.asyncDispose]();
    const env = { SLUICE_ADMIN_URL: url, SLUICE_ADMIN_TOKEN: "x" };
    const { code, stderr } = await run(["cache", "stats"], { env });
    expect([code, stderr]).toEqual([1, `error: ${url}/ cannot be asked: connection refused\n`]);
    admin = await CacheAdmin.start();
  });

  it("never tells the token", async () => {
    const runs = [await cache("stats"), await cache("override", "remove", HASH)];
    expect(JSON.stringify(runs)).not.toContain(TOKEN);
  });
});

describe("docs/cache-operations.md", () => {
  const page = readFileSync(new URL("../../../docs/cache-operations.md", import.meta.url), "utf8");
  const commands = [...page.matchAll(/^sluice (cache .+)$/gm)].map(([, command = ""]) => command);

  it("has commands", () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  it("has commands that do what it says, one after the other", async () => {
    const file = admin.directory.join("invoice.pdf");
    writeFileSync(file, "invoice");
    const env = { SLUICE_ADMIN_URL: admin.url, SLUICE_ADMIN_TOKEN: TOKEN };
    for (const command of commands) {
      const argv = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(
        ([, quoted, plain]) => quoted ?? (plain === "invoice.pdf" ? file : (plain as string)),
      );
      expect([command, (await run(argv, { env })).code]).toEqual([command, 0]);
    }
  });
});
