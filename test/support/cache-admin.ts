import { writeFileSync } from "node:fs";
import type { AdminTlsOptions } from "../../src/admin/admin-tls.ts";
import { AdminServer, AdminTls, AdminTokens, CacheApi } from "../../src/admin/index.ts";
import { ProcessCacheOperator } from "../../src/app/cache-operator.ts";
import { Overrides, ScanCache } from "../../src/cache/index.ts";
import {
  type Logger,
  MetricsRegistry,
  noOverrideMetrics,
  PrometheusCacheMetrics,
  PrometheusOperationMetrics,
  silentLogger,
} from "../../src/telemetry/index.ts";
import { entityOf, scanContext } from "./samples/entities.ts";
import { scannerOf } from "./scan-service.ts";
import { TempDirectory } from "./temp-directory.ts";

/** So that a test can look for it where it must not be. */
export const TOKEN = "canary-4f1c9f6f0c2b4d7a9e8b1a2c3d4e5f60";
export const SCANNER = "IcapScanner/default/clamav";

interface CacheAdminOptions {
  readonly hasTokens?: boolean;
  /** Left out: `lines` holds what is written. */
  readonly logger?: Logger | undefined;
  /** Files of a certificate; left out: HTTP without TLS. */
  readonly tls?: Pick<AdminTlsOptions, "certFile" | "keyFile"> | undefined;
}

/** An admin port with a cache in memory behind it, in this process; `ada` has the token. */
export class CacheAdmin implements AsyncDisposable {
  readonly directory = new TempDirectory();
  readonly lines: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  readonly registry = new MetricsRegistry({ processMetrics: false });
  readonly cache: ScanCache;
  readonly overrides: Overrides;
  readonly #server: AdminServer;
  #scheme = "http";

  private constructor({ hasTokens, logger: given, tls }: Required<CacheAdminOptions>) {
    const write = (msg: string, fields?: object): void => void this.lines.push({ msg, ...fields });
    const logger = given ?? { debug: write, info: write, warn: write, error: write };
    writeFileSync(this.tokenFile, `# operators\nada ${TOKEN}\n${"n".repeat(32)}\n`);
    this.cache = new ScanCache({
      maxBytes: 1_000_000,
      maxAgeMs: 60_000,
      redis: undefined,
      keys: [],
      metrics: new PrometheusCacheMetrics(this.registry),
      logger: silentLogger,
    });
    const common = { metrics: noOverrideMetrics, logger: silentLogger };
    this.overrides = new Overrides({ shared: undefined, ...common });
    const api = new CacheApi({
      tokens: hasTokens ? new AdminTokens(this.tokenFile, logger) : undefined,
      operator: new ProcessCacheOperator({
        cache: this.cache,
        overrides: this.overrides,
        metrics: () => this.registry.snapshot(),
      }),
      metrics: new PrometheusOperationMetrics(this.registry),
      logger,
    });
    this.#server = new AdminServer({
      host: "127.0.0.1",
      port: 0,
      tls: tls && new AdminTls({ ...tls, reloadMs: 60_000 }),
      sources: {
        readiness: () => ({ ready: true, reasons: [] }),
        metrics: () => this.registry.text(),
      },
      api,
      logger,
    });
  }

  static async start(options: CacheAdminOptions = {}): Promise<CacheAdmin> {
    const { hasTokens = true, logger, tls } = options;
    const admin = new CacheAdmin({ hasTokens, logger, tls });
    admin.#scheme = tls === undefined ? "http" : "https";
    await admin.#server.start();
    return admin;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#server.address.port}`;
  }

  get tokenFile(): string {
    return this.directory.join("tokens");
  }

  /** The lines of the audit. */
  get audit(): readonly object[] {
    return this.lines.filter(({ msg }) => msg === "audit").map(({ msg: _, ...fields }) => fields);
  }

  /** Has a scanner judge a content, so that it is remembered; tells its hash. */
  async remember(text: string): Promise<string> {
    const verdict = { kind: "blocked", threats: [{ name: "Eicar" }] } as const;
    const scanner = this.cache.decorate(scannerOf(verdict), {
      key: SCANNER,
      identity: "1",
      rememberFromBytes: 0,
      shareFromBytes: 0,
    });
    const entity = entityOf(text);
    await scanner.scan(entity, scanContext());
    return entity.sha256;
  }

  /** A request of the API by one who has a token, unless the test says otherwise. */
  ask(method: string, path: string, init: { body?: unknown; token?: string } = {}) {
    const { body, token = TOKEN } = init;
    return fetch(`${this.url}/v1/cache/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    this.overrides.close();
    await this.cache.close();
    this.directory.remove();
  }
}
