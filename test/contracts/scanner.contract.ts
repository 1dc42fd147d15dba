import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scanner, VerdictKind } from "../../src/scanning/index.ts";
import { entityOf, fileEntityOf, scanContext } from "../support/samples/entities.ts";
import { TempDirectory } from "../support/temp-directory.ts";

export interface ScannerUnderTest {
  /** A scanner as a server would make it. */
  readonly create: () => Promise<Scanner>;
  /** Content that it blocks. */
  readonly blocked: Buffer;
  /** Content that it has nothing against. */
  readonly harmless: Buffer;
  /** What it says of harmless content. */
  readonly harmlessVerdict: VerdictKind;
}

/** An engine may start threads, on a machine that is busy with other tests. */
const START_MS = 60_000;

/** What every `Scanner` promises, whatever is behind it. */
export function describeScannerContract(name: string, subject: ScannerUnderTest): void {
  describe(`${name} keeps the contract of a scanner`, () => {
    let scanner: Scanner;
    let directory: TempDirectory;
    beforeAll(async () => {
      directory = new TempDirectory();
      scanner = await subject.create();
    }, START_MS);
    afterAll(async () => {
      await scanner.close();
      directory.remove();
    }, START_MS);

    it("has a name and a limit", () => {
      expect(scanner.name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(scanner.maxBytes).toBeGreaterThan(0);
    });

    it("has the same epoch each time it is made", { timeout: START_MS }, async () => {
      const other = await subject.create();
      expect(other.epoch).toBe(scanner.epoch);
      await other.close();
    });

    it("blocks what it should, and names the threat", async () => {
      const verdict = await scanner.scan(entityOf(subject.blocked), scanContext());
      expect(verdict.kind).toBe(VerdictKind.Blocked);
      expect(verdict.threats[0]?.name).toMatch(/\S/);
      expect(verdict.reason).toBeDefined();
    });

    it("has nothing against harmless content", async () => {
      const verdict = await scanner.scan(entityOf(subject.harmless), scanContext());
      expect(verdict).toMatchObject({ kind: subject.harmlessVerdict, threats: [] });
    });

    it("says the same of content that is a range of a file", async () => {
      const entity = fileEntityOf(subject.blocked, directory.join("spool"));
      expect((await scanner.scan(entity, scanContext())).kind).toBe(VerdictKind.Blocked);
      const harmless = fileEntityOf(subject.harmless, directory.join("other"));
      expect((await scanner.scan(harmless, scanContext())).kind).toBe(subject.harmlessVerdict);
    });

    it("judges an empty entity", async () => {
      const verdict = await scanner.scan(entityOf(""), scanContext());
      expect(verdict.kind).toBe(subject.harmlessVerdict);
    });

    it("keeps apart what it is asked at the same time", async () => {
      const contents = Array.from({ length: 20 }, (_, index) =>
        index % 3 === 0 ? subject.blocked : subject.harmless,
      );
      const verdicts = await Promise.all(
        contents.map((content) => scanner.scan(entityOf(content), scanContext())),
      );
      const expected = contents.map((content) =>
        content === subject.blocked ? VerdictKind.Blocked : subject.harmlessVerdict,
      );
      expect(verdicts.map((verdict) => verdict.kind)).toEqual(expected);
    });

    it("does not change the content it is given", async () => {
      const entity = entityOf(subject.blocked);
      await scanner.scan(entity, scanContext());
      expect(entity.content).toEqual({ kind: "memory", data: subject.blocked });
    });

    it("answers, and does not reject, when the file of an entity is gone", async () => {
      const content = { kind: "file", path: "/nonexistent/spool", offset: 0, length: 4 } as const;
      const entity = { ...entityOf("gone"), content };
      const { kind } = await scanner.scan(entity, scanContext());
      expect([VerdictKind.Error, subject.harmlessVerdict]).toContain(kind);
    });

    it("answers, and does not reject, when a file is shorter than its entity", async () => {
      const path = directory.join("short");
      writeFileSync(path, "ab");
      const content = { kind: "file", path, offset: 0, length: 4 } as const;
      const { kind } = await scanner.scan({ ...entityOf("abcd"), content }, scanContext());
      expect([VerdictKind.Error, subject.harmlessVerdict]).toContain(kind);
    });

    it("answers, and does not reject, for a transaction that was aborted", async () => {
      const context = scanContext(AbortSignal.abort());
      const { kind } = await scanner.scan(entityOf(subject.harmless), context);
      expect([VerdictKind.Error, subject.harmlessVerdict]).toContain(kind);
    });

    describe("when it is closed", { timeout: START_MS }, () => {
      const endings: readonly VerdictKind[] = [VerdictKind.Error, subject.harmlessVerdict];

      it("answers scans under way", async () => {
        const closing = await subject.create();
        const scans = [1, 2, 3].map(() => closing.scan(entityOf(subject.harmless), scanContext()));
        await closing.close();
        for (const { kind } of await Promise.all(scans)) expect(endings).toContain(kind);
      });

      it("can be closed again, and answers without rejecting", async () => {
        const closed = await subject.create();
        await closed.close();
        await expect(closed.close()).resolves.toBeUndefined();
        const { kind } = await closed.scan(entityOf(subject.harmless), scanContext());
        expect(endings).toContain(kind);
      });
    });
  });
}
