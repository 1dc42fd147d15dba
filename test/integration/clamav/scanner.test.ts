import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningScanner } from "../../../src/app/scanners/scanner-server.ts";
import { runProgram } from "../../support/child-program.ts";
import { eicar } from "../../support/eicar.ts";
import { describeWith } from "../../support/programs.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { ClamdServer, clamavPrograms, useClamd } from "./clamd-server.ts";
import { page, scan, startScanner, urlOf } from "./scanner-under-test.ts";

const testFiles = "/usr/share/clamav-testfiles";

function useScanner(clamd: () => ClamdServer): () => RunningScanner {
  let scanner: RunningScanner | undefined;
  beforeAll(async () => {
    scanner = await startScanner([clamd().flag]);
  });
  afterAll(() => scanner?.drain());
  return () => {
    if (scanner === undefined) throw new Error("the scanner did not start");
    return scanner;
  };
}

/** Resolves when the scanner's own page says it. */
async function until(scanner: RunningScanner, path: string, pattern: RegExp): Promise<void> {
  while (!pattern.test(await page(scanner, path))) await pause(20);
}

describeWith(clamavPrograms, "sluice scanner clamav before Debian's clamd", () => {
  const clamd = useClamd();
  const scanner = useScanner(clamd);

  it("blocks by the name of the signature", async () => {
    const { status, headers, document } = await scan(scanner(), eicar);
    expect(status).toBe(200);
    expect(headers["scan-verdict"]).toBe("blocked");
    expect(document).toMatchObject({
      verdict: "blocked",
      reason: "malware",
      threats: [{ name: "Win.Test.EICAR_HDB-1.UNOFFICIAL", engine: "clamav" }],
    });
  });

  it.each([0, 1, 1024 ** 2, 1024 ** 2 + 1, 3 * 1024 ** 2])(
    "calls %d random bytes clean",
    async (size) => {
      const { document } = await scan(scanner(), randomBytes(size));
      expect(document.verdict).toBe("clean");
    },
  );

  it("scans a body whose length nobody knows before its end", async () => {
    const pieces = [Buffer.from(eicar.slice(0, 30)), Buffer.from(eicar.slice(30))];
    const { document } = await scan(scanner(), pieces);
    expect(document.verdict).toBe("blocked");
  });

  it("tells the version of the engine as its epoch", async () => {
    const { headers } = await scan(scanner(), "harmless");
    expect(headers["scan-epoch"]).toMatch(/^clamav \d+\.\d+\.\d+$/);
    const info = JSON.parse(await page(scanner(), "/v1/info"));
    expect(info).toMatchObject({ protocol: "scan/v1", epoch: headers["scan-epoch"] });
  });

  // Read while tests are named, so also where they are skipped.
  const files = existsSync(testFiles) ? readdirSync(testFiles) : [];

  it("is given all of clamav-testfiles", () => {
    expect(files.length).toBeGreaterThanOrEqual(43);
  });

  it.each(files)("finds the test signature in %s", async (file) => {
    const { document } = await scan(scanner(), readFileSync(join(testFiles, file)));
    expect(document).toMatchObject({
      verdict: "blocked",
      threats: [{ name: "ClamAV-Test-File.UNOFFICIAL" }],
    });
  });

  it("answers many at a time", async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? eicar : `${index}`));
    const answers = await Promise.all(bodies.map((body) => scan(scanner(), body)));
    const expected = bodies.map((body) => (body === eicar ? "blocked" : "clean"));
    expect(answers.map(({ document }) => document.verdict)).toEqual(expected);
  });
});

describeWith(
  [...clamavPrograms, "/usr/bin/zip"],
  "sluice scanner clamav before a clamd with limits",
  () => {
    const clamd = useClamd([
      ...["StreamMaxLength 1M", "MaxFileSize 300K", "AlertExceedsMax yes"],
      ...["AlertEncrypted yes", "DetectPUA yes"],
    ]);
    const scanner = useScanner(clamd);

    it.each([1, 2, 3, 4, 5])(
      "calls a stream over StreamMaxLength unscannable, time %d",
      async () => {
        const { document } = await scan(scanner(), randomBytes(4 * 1024 ** 2));
        expect(document).toMatchObject({ verdict: "unscannable", reason: "size" });
      },
    );

    it("calls a chunked stream over StreamMaxLength unscannable", async () => {
      const pieces = Array.from({ length: 64 }, () => randomBytes(64 * 1024));
      const { document } = await scan(scanner(), pieces);
      expect(document).toMatchObject({ verdict: "unscannable", reason: "size" });
    });

    it("calls what clamd did not look into for its size unscannable", async () => {
      const { document } = await scan(scanner(), Buffer.alloc(400 * 1024, "a"));
      expect(document).toMatchObject({ verdict: "unscannable", reason: "archive-limit" });
    });

    it("calls an encrypted archive unscannable", async () => {
      using directory = new TempDirectory();
      writeFileSync(directory.join("secret.txt"), "nobody reads this");
      const archive = directory.join("secret.zip");
      await runProgram("/usr/bin/zip", ["-P", "password", archive, "secret.txt"], {
        cwd: directory.path,
      });
      const { document } = await scan(scanner(), readFileSync(archive));
      expect(document).toMatchObject({ verdict: "unscannable", reason: "encrypted" });
    });
  },
);

describeWith(
  clamavPrograms,
  "sluice scanner clamav before a clamd that takes less than a session",
  () => {
    const clamd = useClamd(["StreamMaxLength 20K"]);
    const scanner = useScanner(clamd);

    it("loses none of the scans whose session a long one ended", async () => {
      const bodies = Array.from({ length: 24 }, (_, index) =>
        index % 6 === 3 ? randomBytes(60 * 1024) : Buffer.from(eicar),
      );
      const answers = await Promise.all(bodies.map((body) => scan(scanner(), body)));
      const expected = bodies.map(({ length }) => (length > 20 * 1024 ? "unscannable" : "blocked"));
      expect(answers.map(({ document }) => document.verdict)).toEqual(expected);
    });
  },
);

describeWith(clamavPrograms, "signatures that clamd only suspects by", () => {
  const clamd = new ClamdServer(["DetectPUA yes"]);
  let scanner: RunningScanner;
  beforeAll(async () => {
    clamd.addSignature("pua", "potentially unwanted", "PUA.Test.Unwanted");
    await clamd.start();
    scanner = await startScanner([clamd.flag]);
  });
  afterAll(async () => {
    await scanner?.drain();
    await clamd.remove();
  });

  it("make content suspicious, by name", async () => {
    const { document } = await scan(scanner, "potentially unwanted");
    expect(document).toMatchObject({
      verdict: "suspicious",
      threats: [{ name: "PUA.Test.Unwanted.UNOFFICIAL" }],
    });
  });
});

describeWith(clamavPrograms, "new signatures", () => {
  const clamd = new ClamdServer();
  let scanner: RunningScanner;
  beforeAll(async () => {
    clamd.addDaily(27_500, "content of today", "Test.Today");
    await clamd.start();
    scanner = await startScanner([clamd.flag], { ownEpoch: "corp-7" });
  });
  afterAll(async () => {
    await scanner?.drain();
    await clamd.remove();
  });

  it("change the epoch when they are in force, and the verdict with it", async () => {
    const before = await scan(scanner, "content of tomorrow");
    expect(before.document.verdict).toBe("clean");
    expect(before.headers["scan-epoch"]).toMatch(/^clamav [\d.]+;daily=27500;own=corp-7$/);

    clamd.addDaily(27_501, "content of tomorrow", "Test.Tomorrow");
    expect(await clamd.ask("zRELOAD\0")).toBe("RELOADING");
    await until(scanner, "/v1/info", /daily=27501/);

    const after = await scan(scanner, "content of tomorrow");
    expect(after.document.verdict).toBe("blocked");
    expect(after.headers["scan-epoch"]).toMatch(/;daily=27501;own=corp-7$/);
  });
});

describeWith(clamavPrograms, "a clamd that goes away", () => {
  it("is not ready and busy meanwhile, and of use again when it is back", async () => {
    const clamd = await new ClamdServer().start();
    const scanner = await startScanner([clamd.flag]);
    await clamd.stop("SIGKILL");

    const refused = await scan(scanner, eicar);
    expect(refused.status).toBe(503);
    expect(refused.headers["retry-after"]).toBe("1");
    expect((await fetch(urlOf(scanner, "/readyz"))).status).toBe(503);
    expect((await fetch(urlOf(scanner, "/healthz"))).status).toBe(200);

    await clamd.start();
    await until(scanner, "/readyz", /^ready/);
    expect((await scan(scanner, eicar)).document.verdict).toBe("blocked");
    await scanner.drain();
    await clamd.remove();
  });

  it("leaves the work to another one", async () => {
    const [dead, alive] = [new ClamdServer(), await new ClamdServer().start()];
    const scanner = await startScanner([dead.flag, alive.flag]);
    const answers = await Promise.all(
      [eicar, randomBytes(256 * 1024), eicar].map((body) => scan(scanner, body)),
    );
    expect(answers.map(({ document }) => document.verdict)).toEqual([
      "blocked",
      "clean",
      "blocked",
    ]);
    expect(await page(scanner, "/metrics")).toContain(`sluice_clamd_up{clamd="${dead.flag}"} 0`);
    await scanner.drain();
    await dead.remove();
    await alive.remove();
  });
});

describe("a clamd that is not there at all", () => {
  it("does not keep the scanner from starting, for clamd may take minutes", async () => {
    const scanner = await startScanner(["unix:/nonexistent/clamd.ctl"]);
    expect(scanner.notReady).toBe("no clamd answers");
    expect((await scan(scanner, "x")).status).toBe(503);
    await scanner.drain();
  });

  it("is told from one that cannot be", async () => {
    await expect(startScanner(["nowhere:at:all"])).rejects.toMatchObject({
      problems: [expect.stringContaining('"nowhere:at:all"')],
    });
  });
});
