import { writeFileSync } from "node:fs";
import type { IcapAnswer } from "../../support/icap-answer.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

export interface CombinedScanners {
  /** Names of scanners, each with more fields of its entry behind a colon. */
  readonly scanners: readonly string[];
  /** As YAML. */
  readonly combine?: string;
}

/** What one transaction came to, as its client and the metrics have it. */
export interface Combined {
  readonly answer: IcapAnswer;
  readonly status: number;
  readonly outcome: string;
  readonly cause: string;
}

type LogLine = Readonly<Record<string, unknown>>;

/** `sluice serve` with services that use several scanners each, at the path of their name. */
export class CombiningService {
  readonly #sluice: Sluice;
  readonly #directory: TempDirectory;
  #bodies = 0;

  private constructor(sluice: Sluice, directory: TempDirectory) {
    this.#sluice = sluice;
    this.#directory = directory;
  }

  static async start(
    urls: ReadonlyMap<string, string>,
    services: Readonly<Record<string, CombinedScanners>>,
  ): Promise<CombiningService> {
    const directory = new TempDirectory();
    const resources = directory.join("services.yaml");
    const documents = [
      ...[...urls].map(([name, url]) => scanner(name, url)),
      ...Object.entries(services).map(([name, combined]) => serviceOf(name, combined)),
    ];
    writeFileSync(resources, documents.join("---\n"));
    return new CombiningService(await Sluice.start({ flags: ["-f", resources] }), directory);
  }

  async stop(): Promise<void> {
    await this.#sluice.stop();
    this.#directory.remove();
  }

  /** One transaction; no other may be under way. */
  async judge(name: string, body = this.#newBody()): Promise<Combined> {
    const before = await this.#ends(name);
    const connection = await this.#sluice.connect();
    await connection.send(
      icapRequest({ method: "RESPMOD", path: `/${name}`, fields: ["Allow: 204"], body }),
    );
    const answer = await connection.readAnswer();
    connection.close();
    for (;;) {
      for (const [end, count] of await this.#ends(name)) {
        const [outcome = "", cause = ""] = end.split(" ");
        if (count > (before.get(end) ?? 0))
          return { answer, status: answer.status, outcome, cause };
      }
    }
  }

  /** Lines of the log with this message. */
  lines(message: string): LogLine[] {
    return this.#sluice.log
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as LogLine)
      .filter(({ msg }) => msg === message);
  }

  /** The value behind the first line of the metrics page that begins so. */
  async metric(name: string, labels: string): Promise<number> {
    const line =
      (await this.#metrics()).split("\n").find((one) => one.startsWith(`${name}{${labels}`)) ?? "";
    return Number(line.slice(line.lastIndexOf(" ")));
  }

  /** One that no verdict is remembered of. */
  #newBody(): string {
    this.#bodies += 1;
    return `body ${this.#bodies}`;
  }

  /** How often a transaction of the service ended so: outcome and cause. */
  async #ends(service: string): Promise<Map<string, number>> {
    const labels = `service="${service}",method="RESPMOD",outcome="([a-z]+)",cause="([a-z]+)"`;
    const pattern = new RegExp(`^sluice_transactions_total\\{${labels},[^}]*\\} (\\d+)`, "gm");
    const found = (await this.#metrics()).matchAll(pattern);
    return new Map(
      [...found].map(([, outcome, cause, count]) => [`${outcome} ${cause}`, Number(count)]),
    );
  }

  async #metrics(): Promise<string> {
    return (await fetch(`${this.#sluice.adminUrl}/metrics`)).text();
  }
}

const scanner = (name: string, url: string): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: ${name} }
spec:
  protocol: { type: ScanV1 }
  endpoint: { url: "${url}" }
  retry: { attempts: 1 }
  circuitBreaker: { failures: 1000 }
`;

function serviceOf(name: string, { scanners, combine }: CombinedScanners): string {
  const listed = scanners.map((entry) => {
    const [scannerName = "", ...more] = entry.split(/: (.*)/).filter(Boolean);
    const fields = [`name: ${scannerName}`, `ref: { name: ${scannerName} }`, ...more];
    if (!entry.includes("timeout")) fields.push("timeout: 30s");
    return `  - { ${fields.join(", ")} }\n`;
  });
  return `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: ${name} }
spec:
  path: /${name}
  scanners:
${listed.join("")}
  combine: ${combine ?? "{}"}
`;
}
