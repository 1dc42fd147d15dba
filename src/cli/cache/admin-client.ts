/** Where the admin port is, and what opens it. */
export interface AdminAccess {
  readonly url: URL;
  readonly token: string;
  /** Certificate authorities of the server, PEM; undefined: those that Node trusts. */
  readonly ca: string | undefined;
}

/** The server did not do what it was asked; the message is for the person who asked. */
export class AdminError extends Error {}

const TIMEOUT_MS = 15_000;

/** Asks the admin API; resolves with the JSON of its answer, rejects with an `AdminError`. */
export async function askAdmin(
  { url, token, ca }: AdminAccess,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object,
): Promise<unknown> {
  // Loaded here: most commands speak no HTTP.
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({ connect: { ...(ca !== undefined && { ca }) } });
  const target = new URL(`v1/cache/${path}`, url.href.endsWith("/") ? url : `${url.href}/`);
  let response: Awaited<ReturnType<typeof fetch>>;
  let text: string;
  try {
    response = await fetch(target, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // A token is for the server that was named.
      redirect: "error",
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new AdminError(`${url.href} cannot be asked: ${causeOf(error, url)}`);
  } finally {
    await dispatcher.destroy();
  }
  const answer = jsonIn(text);
  if (answer === undefined) throw new AdminError(`${url.href} is no admin API of Sluice`);
  if (!response.ok) throw new AdminError(problemText(answer, response.status));
  return answer;
}

/** `fetch` hides why it failed. */
function causeOf(error: unknown, { protocol }: URL): string {
  const { message, cause } = error as Error;
  if (!(cause instanceof Error)) return message;
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (UNTRUSTED.has(code))
    return "its certificate is of no authority known here; name it by --tls-ca";
  if (code === "UND_ERR_SOCKET" && protocol === "http:") {
    return "it ends the connection; where it has TLS, write https://";
  }
  return code === "ECONNREFUSED" ? "connection refused" : cause.message || code;
}

const UNTRUSTED: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function jsonIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function problemText(problem: object, status: number): string {
  const { title, detail } = problem as { readonly title?: unknown; readonly detail?: unknown };
  return typeof title === "string" ? `${title}: ${String(detail)}` : `HTTP ${status}`;
}
