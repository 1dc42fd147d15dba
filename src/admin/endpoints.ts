import { metricsContentType } from "../telemetry/index.ts";

/** Whether traffic should come, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** Short words such as `starting` or `draining`; also when ready, for what is degraded. */
  readonly reasons: readonly string[];
}

/** What the endpoints show; both are asked at each request. */
export interface AdminSources {
  readiness(): Readiness;
  /** Prometheus text, for all processes. */
  metrics(): Promise<string>;
}

/** An HTTP answer without its connection. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Beside those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

const plain = "text/plain; charset=utf-8";
const json = "application/json; charset=utf-8";

const index = `Sluice admin port

/livez    200 while the process answers
/readyz   200 when traffic should come, otherwise 503; reasons as JSON
/metrics  Prometheus metrics
/v1/cache/  operations on the verdict cache, with a token (docs/cache-operations.md)
`;

type Endpoint = (sources: AdminSources) => AdminAnswer | Promise<AdminAnswer>;

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["/", () => ({ status: 200, contentType: plain, body: index })],
  ["/livez", () => ({ status: 200, contentType: plain, body: "ok\n" })],
  [
    "/readyz",
    (sources) => {
      const readiness = sources.readiness();
      const status = readiness.ready ? 200 : 503;
      return { status, contentType: json, body: `${JSON.stringify(readiness)}\n` };
    },
  ],
  [
    "/metrics",
    async (sources) => ({
      status: 200,
      contentType: metricsContentType,
      body: await sources.metrics(),
    }),
  ],
]);

/** Answers GET and HEAD of the paths above; `target` is the request target as it came. */
export async function answerAdminRequest(
  method: string,
  target: string,
  sources: AdminSources,
): Promise<AdminAnswer> {
  const [path = ""] = target.split("?");
  const endpoint = endpoints.get(path);
  if (endpoint === undefined) return { status: 404, contentType: plain, body: "not found\n" };
  if (method === "GET" || method === "HEAD") return await endpoint(sources);
  const body = "method not allowed\n";
  return { status: 405, contentType: plain, body, headers: { Allow: "GET, HEAD" } };
}
