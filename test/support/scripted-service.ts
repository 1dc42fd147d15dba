import {
  type Examination,
  type Message,
  NEEDS_MORE,
  type Outcome,
  type ReceivedBody,
  type Service,
} from "../../src/services/index.ts";
import { Cause } from "../../src/telemetry/index.ts";

export interface Script {
  readonly name?: string;
  readonly path?: string;
  readonly methods?: Service["methods"];
  readonly maxEntityBytes?: number;
  readonly transactionTimeoutMs?: number;
  readonly recordsIdentity?: boolean;
  /** Without it the service always wants more. */
  decide?(preview: Buffer | undefined, message: Message): Outcome | typeof NEEDS_MORE;
  /** Left out: nobody decides on the preview. */
  screen?(signal: AbortSignal): Promise<Outcome | typeof NEEDS_MORE>;
  /** Without it every judgement is `unmodified`. */
  judge?(body: ReceivedBody, signal: AbortSignal, message: Message): Promise<Outcome>;
}

/** A service that does what the test says. */
export function scriptedService(script: Script = {}): Service {
  const { name = "scripted", path = "/scripted", methods = ["REQMOD", "RESPMOD"] } = script;
  return {
    name,
    path,
    methods,
    istag: '"SCRIPTED"',
    optionsFields: "Methods: REQMOD, RESPMOD\r\nAllow: 204, 206\r\nPreview: 1024\r\n",
    unmodifiedFields: "",
    maxEntityBytes: script.maxEntityBytes ?? Number.POSITIVE_INFINITY,
    transactionTimeoutMs: script.transactionTimeoutMs ?? Number.POSITIVE_INFINITY,
    recordsIdentity: script.recordsIdentity ?? false,
    admits: () => true,
    examine: (message): Examination => ({
      decide: (preview) => script.decide?.(preview, message) ?? NEEDS_MORE,
      screens: script.screen !== undefined,
      screen: (_preview, signal) => script.screen?.(signal) ?? Promise.resolve(NEEDS_MORE),
      judge: (body, signal) =>
        script.judge?.(body, signal, message) ?? Promise.resolve(unmodifiedOutcome),
    }),
  };
}

export const unmodifiedOutcome: Outcome = {
  kind: "unmodified",
  report: { cause: Cause.None, fields: "" },
};

export const blockedPage = "<p>blocked by the test</p>";

export const blockedOutcome: Outcome = {
  kind: "blocked",
  replacement: pageOf(403, blockedPage),
  report: { cause: Cause.Verdict, fields: "X-Test: blocked\r\n" },
};

export function pageOf(status: number, text: string) {
  return {
    head: `HTTP/1.1 ${status} Page\r\nContent-Length: ${text.length}\r\n\r\n`,
    body: Buffer.from(text),
  };
}

/** Always echoes: the service that decides at once that there is nothing to do. */
export function echoService(path = "/echo"): Service {
  return scriptedService({ name: "echo", path, decide: () => unmodifiedOutcome });
}
