import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readContent, SPOOL_DEFAULTS, SpoolStore } from "../../../src/entity/index.ts";
import type {
  EngineAbilities,
  EngineReplacement,
} from "../../../src/scanners/serve/scan-engine.ts";
import { createScanV1Scanner, type Verdict } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { options } from "../scan-v1/scanner-under-test.ts";
import { FakeEngine, type Judge, readAll, serving } from "./fake-engine.ts";

const directory = new TempDirectory();
let spools: SpoolStore;
beforeAll(async () => {
  spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: directory.path });
});
afterAll(async () => {
  await spools.close();
  directory.remove();
});

/** A verdict and its new content, by Sluice's own client of our own server. */
async function asked(judge: Judge, context = {}, abilities?: EngineAbilities) {
  const engine = new FakeEngine(judge, abilities);
  await using served = await serving(engine);
  const scanner = await createScanV1Scanner({
    ...options,
    replacements: { spools, maxBytes: 1024 },
    urls: [new URL(served.url("/")).origin],
  });
  try {
    const entity = entityOf("old content", { fileName: 'a "ü".pdf', declaredType: "text/plain" });
    const verdict = await scanner.scan(entity, { ...scanContext(), ...context });
    const content = await textOf(verdict);
    return { verdict, content, asked: engine.asked, scanner };
  } finally {
    await scanner.close();
  }
}

async function textOf({ replacement }: Verdict): Promise<string | undefined> {
  if (replacement === undefined) return undefined;
  const pieces: Buffer[] = [];
  for await (const piece of readContent(replacement.body.content)) pieces.push(piece);
  replacement.dispose();
  return Buffer.concat(pieces).toString();
}

function replacing(changes: Partial<EngineReplacement> = {}): Judge {
  return async (subject) => {
    await readAll(subject);
    const content = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("new ");
      yield Buffer.from("content");
    };
    const verdict: Verdict = { kind: "modified", threats: [], message: "cleaned" };
    return { verdict, epoch: "fake-1", replacement: { content: content(), ...changes } };
  };
}

describe("Sluice's client of a shipped scanner", () => {
  it("tells the engine all that it knows", async () => {
    const context = {
      host: "files.example",
      httpMethod: "GET",
      httpStatus: 200,
      policy: "sehr streng, ja",
      identity: { address: "192.0.2.7", user: "Zoë, R&D", groups: ["a,b", "staff"] },
    };
    const { asked: subject, verdict } = await asked(readAll, context);
    expect(verdict.kind).toBe("clean");
    expect(subject).toMatchObject({
      size: 11,
      facts: {
        ...context,
        fileName: 'a "ü".pdf',
        declaredType: "text/plain",
        url: "http://files.example/report",
        service: "scan",
        direction: "respmod",
      },
    });
  });

  it("takes new content with its verdict before it", async () => {
    const { verdict, content } = await asked(replacing({ size: 11 }), { takesReplacement: true });
    expect(verdict).toMatchObject({ kind: "modified", message: "cleaned", epoch: "fake-1" });
    expect(content).toBe("new content");
  });

  it("takes new content with its verdict behind it", async () => {
    const conclusion = Promise.resolve<Verdict>({ kind: "modified", threats: [], message: "late" });
    const { verdict, content } = await asked(replacing({ conclusion }), { takesReplacement: true });
    expect([verdict.kind, verdict.message, content]).toEqual(["modified", "late", "new content"]);
  });

  it("forgets new content when the verdict behind it is another one", async () => {
    const threats = [{ name: "It" }];
    const conclusion = Promise.resolve<Verdict>({ kind: "blocked", threats });
    const { verdict, content } = await asked(replacing({ conclusion }), { takesReplacement: true });
    expect([verdict.kind, verdict.threats, content]).toEqual(["blocked", threats, undefined]);
  });

  it("hears error when it takes none", async () => {
    expect((await asked(replacing())).verdict).toMatchObject({ kind: "error" });
  });

  it("sends a hash alone to an engine that wants no more", async () => {
    const abilities: EngineAbilities = { inputs: ["hash"] };
    const { asked: subject } = await asked(readAll, {}, abilities);
    expect(subject?.sha256).toBe(entityOf("old content").sha256);
  });

  it("hears the score and how long a verdict holds", async () => {
    const { verdict } = await asked(async () => ({
      verdict: {
        kind: "suspicious",
        threats: [],
        score: 0.5,
        cache: { ttlMs: 5000, scope: "url" },
      },
      epoch: "fake-1",
    }));
    expect(verdict).toMatchObject({ score: 0.5, cache: { ttlMs: 5000, scope: "url" } });
  });
});
