import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createExecEngine, readExecConfig } from "../../../src/scanners/index.ts";
import type {
  EngineReplacement,
  ScanEngine,
  ScanSubject,
  SubjectFacts,
} from "../../../src/scanners/serve/scan-engine.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

/** An engine in front of a shell script, with a directory that ought to be empty after each scan. */
export class ExecUnderTest {
  readonly directory = new TempDirectory();
  readonly work = new TempDirectory();
  /** Stands in the command line of whatever the script starts, so that it can be found. */
  readonly marker = `marker-${Math.random().toString(36).slice(2)}`;
  #engine: ScanEngine | undefined;

  /** The script gets the marker as `$MARKER`. */
  async start(script: string, settings: Readonly<Record<string, unknown>> = {}): Promise<this> {
    const path = this.directory.join("program");
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const configFile = this.directory.join("exec.yaml");
    writeFileSync(
      configFile,
      JSON.stringify({
        command: path,
        environment: { MARKER: this.marker, PATH: "/usr/bin:/bin" },
        exitCodes: { "0": "clean", "1": "blocked" },
        timeout: "20s",
        concurrency: 4,
        ...settings,
      }),
    );
    this.#engine = await createExecEngine({
      config: await readExecConfig(configFile),
      workDirectory: this.work.path,
      logger: silentLogger,
    });
    return this;
  }

  get engine(): ScanEngine {
    if (this.#engine === undefined) throw new Error("not started");
    return this.#engine;
  }

  scan(content: string | Buffer | AsyncIterable<Buffer>, changes: Partial<ScanSubject> = {}) {
    return this.engine.scan({
      body: typeof content === "string" || Buffer.isBuffer(content) ? once(content) : content,
      size: undefined,
      sha256: undefined,
      facts: {},
      signal: new AbortController().signal,
      ...changes,
    });
  }

  async scanned(content: string | Buffer, facts: SubjectFacts = {}) {
    return (await this.scan(content, { facts })).verdict;
  }

  /** What a scan left: files, and processes that can still run. */
  get left(): readonly string[] {
    const directories = readdirSync(this.work.path);
    const files = directories.flatMap((name) => readdirSync(this.work.join(name)));
    return [...files, ...processesWith(this.marker)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.close();
    this.directory.remove();
    this.work.remove();
  }
}

async function* once(content: string | Buffer): AsyncGenerator<Buffer> {
  yield Buffer.from(content);
}

/** New content, read to its end and given up. */
export async function contentOf(replacement: EngineReplacement | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of replacement?.content ?? []) chunks.push(chunk);
  await replacement?.dispose?.();
  return Buffer.concat(chunks);
}

/** Command lines, or else environments, that hold a text. */
export function processesWith(marker: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`)} ${read(`/proc/${pid}/environ`)}`)
    .filter((text) => text.includes(marker));
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
