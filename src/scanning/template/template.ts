import type { CacheScope } from "../index.ts";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

type Texts = Readonly<Record<string, string>>;

export const BodyMode = {
  None: "None",
  Raw: "Raw",
  Multipart: "Multipart",
  Form: "Form",
  Json: "Json",
  Text: "Text",
} as const;
export type BodyMode = (typeof BodyMode)[keyof typeof BodyMode];

export interface BodyTemplate {
  readonly mode: BodyMode;
  readonly contentType?: string | undefined;
  readonly field?: string | undefined;
  readonly fileName?: string | undefined;
  readonly fields?: Texts | undefined;
  readonly json?: unknown;
  readonly text?: string | undefined;
}

export interface RequestTemplate {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path?: string | undefined;
  readonly url?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly query?: Texts | undefined;
  readonly headers?: Texts | undefined;
  readonly body: BodyTemplate;
}

export interface PollTemplate {
  readonly until: string;
  readonly intervalMs: number;
  readonly backoffPercent: number;
  readonly maxIntervalMs: number;
  readonly timeoutMs: number;
  readonly pause?: string | undefined;
}

export interface StepTemplate {
  readonly name: string;
  readonly when?: string | undefined;
  readonly let?: Texts | undefined;
  readonly request: RequestTemplate;
  readonly expect: string;
  readonly poll?: PollTemplate | undefined;
  readonly extract?: Texts | undefined;
  readonly done?: string | undefined;
}

export interface ResultTemplate {
  readonly verdict: string;
  readonly reason?: string | undefined;
  readonly threats?: string | undefined;
  readonly score?: string | undefined;
  readonly message?: string | undefined;
  readonly ttl?: string | undefined;
  readonly content?:
    | {
        readonly step?: string | undefined;
        readonly base64?: string | undefined;
        readonly mediaType?: string | undefined;
      }
    | undefined;
}

export interface ErrorTemplate {
  readonly when: string;
  readonly as: "Busy" | "Unscannable" | "Unknown" | "Timeout" | "Error";
  readonly reason?: "type" | "size" | "encrypted" | "archive-limit" | "malformed" | undefined;
  readonly message?: string | undefined;
}

/** A template with its parameters: what docs/templates.md describes, in the units of a program. */
export interface Template {
  readonly baseUrl: string;
  readonly addresses: "Any" | "PublicOnly";
  /** The values, defaults included. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly optional: boolean }>>;
  readonly basicAuth?: { readonly username: string; readonly password: string } | undefined;
  readonly headers?: Texts | undefined;
  readonly limits: {
    readonly maxBytes: number;
    readonly textBytes: number;
    readonly responseBytes: number;
    readonly contentBytes: number;
    readonly requestTimeoutMs: number;
    readonly connectTimeoutMs: number;
  };
  readonly cacheScope?: CacheScope | undefined;
  readonly epoch?:
    | { readonly request: RequestTemplate; readonly value: string; readonly everyMs: number }
    | undefined;
  readonly steps: readonly StepTemplate[];
  readonly result: ResultTemplate;
  readonly errors: readonly ErrorTemplate[];
}

/** What is wrong with a template, and where: the path is that of the document. */
export interface TemplateProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
