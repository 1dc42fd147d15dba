import {
  type Logger,
  type OperationMetrics,
  type OperationResult,
  writeAudit,
} from "../telemetry/index.ts";
import type { AdminTokens } from "./admin-tokens.ts";
import { jsonIn, lookupIn, overrideIn, purgeIn, sha256In } from "./api-input.ts";
import {
  type CacheLookup,
  type CacheOperator,
  type KeptOverride,
  OperationError,
  OperationFault,
} from "./cache-operator.ts";
import type { AdminAnswer } from "./endpoints.ts";
import { FailureLimit } from "./failure-limit.ts";
import { ApiProblem } from "./problem.ts";

export interface CacheApiOptions {
  /** Undefined: nobody has access. */
  readonly tokens: AdminTokens | undefined;
  readonly operator: CacheOperator;
  readonly metrics: OperationMetrics;
  readonly logger: Logger;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now?: () => number;
}

/** An HTTP request without its connection. */
export interface ApiRequest {
  readonly method: string;
  /** The request target as it came. */
  readonly target: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  /** Address of who asks. */
  readonly peer: string;
  /** Undefined: there is more of it than the API takes. */
  readonly body: () => Promise<Buffer | undefined>;
}

/** Of a change: what the audit says of it. */
type Note = Record<string, unknown>;

interface Call extends Omit<ApiRequest, "target"> {
  readonly owner: string;
  readonly query: URLSearchParams;
  /** Filled as soon as it is known, so that also what fails is told. */
  readonly note: Note;
}

interface Operation {
  readonly name: string;
  /** A change is in the audit, whatever comes of it. */
  readonly isAudited: boolean;
  readonly run: (call: Call, sha256: string) => Promise<{ status?: number; value: object }>;
}

const BASE = "/v1/cache/";
/** Requests without access that are answered, and audited, in a minute; more are only counted. */
const FAILURES_PER_MINUTE = 10;

/** Operations on the cache over HTTP, for those who have a token; each change is a line of the log. */
export class CacheApi {
  readonly #options: CacheApiOptions;
  readonly #failures = new FailureLimit(FAILURES_PER_MINUTE);
  /** By method and path, with `*` for a hash. */
  readonly #operations: ReadonlyMap<string, Operation>;

  constructor(options: CacheApiOptions) {
    this.#options = options;
    const { operator, now = Date.now } = options;
    this.#operations = new Map<string, Operation>([
      ["GET stats", reading("stats", async () => ({ value: await operator.stats() }))],
      [
        "GET lookup/*",
        reading("lookup", async ({ query }, sha256) => {
          const asked = lookupIn(sha256, query);
          return { value: { sha256: asked.sha256, ...shownLookup(await operator.lookup(asked)) } };
        }),
      ],
      [
        "GET overrides",
        reading("list-overrides", async () => {
          const { storage, overrides } = await operator.overrides();
          return { value: { storage, overrides: overrides.map(shownOverride) } };
        }),
      ],
      [
        "GET overrides/*",
        reading("get-override", async (_call, segment) => {
          const sha256 = sha256In(segment);
          const { storage, overrides } = await operator.overrides();
          const found = overrides.find((one) => one.sha256 === sha256);
          if (found === undefined) throw nothingSaid();
          return { value: { storage, override: shownOverride(found) } };
        }),
      ],
      [
        "POST purge",
        changing("purge", async (call) => {
          const order = purgeIn(await jsonOf(call), now());
          const { before, ...rest } = order;
          const shown = { ...rest, ...(before !== undefined && { before: isoTime(before) }) };
          const isAll = order.scanner === undefined && order.sha256 === undefined;
          Object.assign(call.note, shown, isAll && { all: true });
          const { scanners } = await operator.purge(order);
          if (scanners !== undefined) call.note["scanners"] = scanners;
          return { value: { purged: shown, scanners } };
        }),
      ],
      [
        "PUT overrides/*",
        changing("set-override", async (call, segment) => {
          call.note["sha256"] = sha256In(segment);
          const order = overrideIn(segment, await jsonOf(call), call.owner);
          call.note["wanted"] = shownOverride({ ...order, createdAt: now() });
          const { before, after } = await operator.setOverride({ ...order, at: now() });
          const override = after && shownOverride(after);
          const seen = { wanted: undefined, before: before && shownOverride(before) };
          Object.assign(call.note, seen, { after: override });
          const { storage } = await operator.overrides();
          return { status: before === undefined ? 201 : 200, value: { storage, override } };
        }),
      ],
      [
        "DELETE overrides/*",
        changing("remove-override", async (call, segment) => {
          const sha256 = sha256In(segment);
          call.note["sha256"] = sha256;
          const { before } = await operator.removeOverride({ sha256, at: now() });
          if (before === undefined) throw nothingSaid();
          const removed = shownOverride(before);
          call.note["before"] = removed;
          return { value: { removed } };
        }),
      ],
    ]);
  }

  /** Never rejects but for a fault of the program. */
  async answer(request: ApiRequest): Promise<AdminAnswer> {
    try {
      return await this.#answer(request);
    } catch (error) {
      const problem = problemOf(error);
      if (problem === undefined) throw error;
      return problem.answer;
    }
  }

  async #answer(request: ApiRequest): Promise<AdminAnswer> {
    const owner = await this.#ownerOf(request);
    const [path = "", query] = request.target.split("?");
    const { operation, segment } = this.#find(request.method, path);
    const note: Note = {};
    const call = { ...request, owner, note, query: new URLSearchParams(query) };
    try {
      const { status = 200, value } = await operation.run(call, segment);
      this.#ended(operation, call, { result: "done", status });
      return { status, contentType: "application/json", body: `${JSON.stringify(value)}\n` };
    } catch (error) {
      const problem = problemOf(error);
      const status = problem?.status ?? 500;
      const result = status < 500 ? "refused" : "failed";
      this.#ended(operation, call, { result, status, detail: problem?.message });
      throw error;
    }
  }

  /** Who asks; whoever has no access is told so, and nothing else. */
  async #ownerOf({ authorization, peer, method }: ApiRequest): Promise<string> {
    const { tokens, metrics, logger } = this.#options;
    if (tokens === undefined) {
      throw new ApiProblem(404, {
        title: "the API is switched off",
        detail: "admin.tokenFile is not set",
      });
    }
    const owner = await tokens.ownerOf(authorization);
    if (owner !== undefined) return owner;
    metrics.operationEnded("authenticate", "unauthorized");
    if (!this.#failures.take()) {
      throw new ApiProblem(429, {
        title: "too many requests without a valid token",
        detail: "ask again in a minute; those with a valid token are answered",
        headers: { "Retry-After": "60" },
      });
    }
    const attempt = { operation: "authenticate", peer, method, result: "unauthorized" };
    writeAudit(logger, "warn", attempt);
    throw new ApiProblem(401, {
      title: "no access",
      detail: "expected Authorization: Bearer with a token of admin.tokenFile",
      headers: { "WWW-Authenticate": 'Bearer realm="sluice"' },
    });
  }

  #find(method: string, path: string): { operation: Operation; segment: string } {
    const [name = "", segment = "", ...more] = path.slice(BASE.length).split("/");
    const form = segment === "" ? name : `${name}/*`;
    const asked = method === "HEAD" ? "GET" : method;
    const operation = this.#operations.get(`${asked} ${form}`);
    const isFound = path.startsWith(BASE) && more.length === 0;
    if (isFound && operation !== undefined) return { operation, segment };
    const allowed = [...this.#operations.keys()]
      .filter((key) => isFound && key.endsWith(` ${form}`))
      .map((key) => key.split(" ")[0] as string);
    if (allowed.length === 0) {
      throw new ApiProblem(404, {
        title: "not found",
        detail: "docs/admin-api.openapi.yaml lists what there is",
      });
    }
    throw new ApiProblem(405, {
      title: "method not allowed",
      detail: `expected ${allowed.join(", ")}`,
      headers: { Allow: allowed.join(", ") },
    });
  }

  #ended(
    { name, isAudited }: Operation,
    { owner, peer, note }: Call,
    end: {
      readonly result: OperationResult;
      readonly status: number;
      readonly detail?: string | undefined;
    },
  ): void {
    const { metrics, logger } = this.#options;
    metrics.operationEnded(name, end.result);
    if (!isAudited) return;
    writeAudit(logger, "info", { operation: name, actor: owner, peer, ...note, ...end });
  }
}

const reading = (name: string, run: Operation["run"]): Operation => ({
  name,
  isAudited: false,
  run,
});
const changing = (name: string, run: Operation["run"]): Operation => ({
  name,
  isAudited: true,
  run,
});

const nothingSaid = (): ApiProblem =>
  new ApiProblem(404, { title: "no override", detail: "nothing is said of this content" });

async function jsonOf({ body, contentType }: Call): Promise<unknown> {
  const bytes = await body();
  if (bytes === undefined) {
    throw new ApiProblem(413, {
      title: "the body is too large",
      detail: "expected 16 KiB at most",
    });
  }
  return jsonIn(contentType, bytes);
}

const STATUS: Readonly<Record<OperationFault, number>> = {
  [OperationFault.Refused]: 422,
  [OperationFault.Conflict]: 409,
  [OperationFault.Unconfirmed]: 503,
};
const TITLE: Readonly<Record<OperationFault, string>> = {
  [OperationFault.Refused]: "the request is not allowed",
  [OperationFault.Conflict]: "the request cannot be granted",
  [OperationFault.Unconfirmed]: "nobody can say that it is done",
};

function problemOf(error: unknown): ApiProblem | undefined {
  if (error instanceof ApiProblem) return error;
  if (!(error instanceof OperationError)) return undefined;
  const { fault, message } = error;
  return new ApiProblem(STATUS[fault], { title: TITLE[fault], detail: message });
}

const isoTime = (ms: number): string => new Date(ms).toISOString();

function shownOverride({ createdAt, expiresAt, ...rest }: KeptOverride): object {
  return { ...rest, createdAt: isoTime(createdAt), expiresAt: isoTime(expiresAt) };
}

function shownLookup({ override, verdicts, scanners }: CacheLookup): object {
  return {
    ...(override && { override: shownOverride(override) }),
    verdicts: verdicts.map(({ judgedAt, expiresAt, ...rest }) => ({
      ...rest,
      judgedAt: isoTime(judgedAt),
      expiresAt: isoTime(expiresAt),
    })),
    scanners,
  };
}
