import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { IcapAnswer } from "../../support/icap-answer.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

/** What one transaction came to, as its client, its log line and the metrics have it. */
export interface Judged {
  readonly answer: IcapAnswer;
  readonly line: Readonly<Record<string, unknown>>;
  /** Judgements of the scanner that this transaction added, by verdict. */
  readonly counted: Readonly<Record<string, number>>;
}

/** More than a scanner that answers ever takes, on a machine that is busy. */
const PATIENT = "9s";

const scanner = ({ name, url, spec = "", failures = 1000, timeout }: RemoteScanner): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: ${name} }
spec:
  protocol: { type: ScanV1 }
  endpoint: { url: "${url}" }
  retry: { budgetPercent: 50 }
  circuitBreaker: { failures: ${failures}, openFor: ${failures === 1 ? "10m" : "100ms"} }
  ${spec}
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: ${name} }
spec:
  path: /${name}
  scanners: [{ name: ${name}, ref: { kind: IcapScanner, name: ${name} }, timeout: ${timeout ?? PATIENT} }]
  outcomes: { error: Error, timeout: Block, unscannable: Block, suspicious: Allow, unknown: Allow }
---`;

export interface RemoteScanner {
  readonly name: string;
  readonly url: string;
  /** More of its spec, as lines of YAML. */
  readonly spec?: string;
  /** In a row, after which it is left alone: for good when it is one. */
  readonly failures?: number;
  /** Of its scans, where a test waits for its end. */
  readonly timeout?: string;
}

/** `sluice serve` with a service for each remote scanner, at the path of its name. */
export class RemoteService {
  readonly #sluice: Sluice;
  readonly #directory: TempDirectory;
  #bodies = 0;

  private constructor(sluice: Sluice, directory: TempDirectory) {
    this.#sluice = sluice;
    this.#directory = directory;
  }

  static async start(
    scanners: readonly RemoteScanner[],
    secrets: Readonly<Record<string, string>> = {},
    configMaps: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
  ): Promise<RemoteService> {
    const directory = new TempDirectory();
    const resources = directory.join("services.yaml");
    const documents = [
      ...scanners.map(scanner),
      ...Object.entries(configMaps).map(([name, data]) =>
        JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data }),
      ),
    ];
    writeFileSync(resources, documents.join("\n"));
    for (const [path, value] of Object.entries(secrets)) {
      mkdirSync(directory.join(path.slice(0, path.lastIndexOf("/"))), { recursive: true });
      writeFileSync(directory.join(path), value);
    }
    const flags = [
      ...["-f", resources, `--secrets-directory=${directory.path}`],
      ...["--log-level=debug", "--resources-poll=100ms"],
      // The tests send the same bytes again and again.
      "--cache-enabled=false",
    ];
    return new RemoteService(await Sluice.start({ flags }), directory);
  }

  /** As a mounted Secret changes: the directory is swapped, not the file in it. */
  rotate(secret: string, key: string, value: string): void {
    const fresh = this.#directory.join(`fresh-${key}`);
    mkdirSync(fresh);
    writeFileSync(join(fresh, key), value);
    const old = this.#directory.join(secret);
    renameSync(old, `${old}.${Date.now()}`);
    renameSync(fresh, old);
  }

  get log(): string {
    return this.#sluice.log;
  }

  async stop(): Promise<void> {
    await this.#sluice.stop();
    this.#directory.remove();
  }

  async send(name: string, body = this.#newBody()): Promise<IcapAnswer> {
    const connection = await this.#sluice.connect();
    await connection.send(
      icapRequest({ method: "RESPMOD", path: `/${name}`, fields: ["Allow: 204"], body }),
    );
    const answer = await connection.readAnswer();
    connection.close();
    return answer;
  }

  /** One transaction; no other may be under way. */
  async judge(name: string, body = this.#newBody()): Promise<Judged> {
    const transactions = this.#transactions().length;
    const before = await this.#verdicts(name);
    const answer = await this.send(name, body);
    while (this.#transactions().length === transactions) await pause(5);
    const after = await this.#verdicts(name);
    return {
      answer,
      line: this.#transactions().at(-1) ?? {},
      counted: Object.fromEntries(
        Object.entries(after)
          .map(([verdict, count]) => [verdict, count - (before[verdict] ?? 0)] as const)
          .filter(([, count]) => count > 0),
      ),
    };
  }

  /** One that no verdict is remembered of. */
  #newBody(): string {
    this.#bodies += 1;
    return `body ${this.#bodies}`;
  }

  #transactions(): Record<string, unknown>[] {
    return this.#sluice.log
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === "transaction");
  }

  /** What a line of the metrics page says of a scanner: the value behind these labels. */
  async metric(name: string, labels: string): Promise<number | undefined> {
    const text = await (await fetch(`${this.#sluice.adminUrl}/metrics`)).text();
    const line = text.split("\n").find((one) => one.startsWith(`${name}{${labels}`));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
  }

  async #verdicts(name: string): Promise<Record<string, number>> {
    const text = await (await fetch(`${this.#sluice.adminUrl}/metrics`)).text();
    const pattern = new RegExp(
      `^sluice_scanner_verdicts_total\\{scanner="${name}",verdict="([a-z]+)"\\} (\\d+)`,
      "gm",
    );
    return Object.fromEntries(
      [...text.matchAll(pattern)].map(([, verdict, count]) => [verdict, Number(count)]),
    );
  }
}
