import type { Expression } from "../../../cel/index.ts";
import type { CacheScope } from "../../index.ts";
import type { PathReference, TextTemplate } from "../language/text-template.ts";
import type { ErrorTemplate, PollTemplate, Template } from "../template.ts";

export type NamedTexts = readonly (readonly [name: string, text: TextTemplate])[];
export type NamedExpressions = readonly (readonly [name: string, expression: Expression])[];

/** What is sent, taken apart. Where `content` holds, the entity's bytes are in it. */
export type PlannedBody =
  | { readonly mode: "None" }
  | { readonly mode: "Raw"; readonly contentType: TextTemplate }
  | {
      readonly mode: "Multipart";
      readonly contentType: TextTemplate;
      readonly field: string;
      readonly fileName: TextTemplate;
      readonly fields: NamedTexts;
    }
  | { readonly mode: "Form"; readonly fields: NamedTexts }
  | { readonly mode: "Json"; readonly contentType: TextTemplate; readonly json: PlannedJson }
  | { readonly mode: "Text"; readonly contentType: TextTemplate; readonly text: TextTemplate };

/** A JSON document with its texts taken apart. */
export type PlannedJson =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "text"; readonly text: TextTemplate }
  | { readonly kind: "value"; readonly reference: PathReference }
  | { readonly kind: "content" }
  | { readonly kind: "list"; readonly items: readonly PlannedJson[] }
  | { readonly kind: "map"; readonly members: readonly (readonly [string, PlannedJson])[] };

export interface PlannedRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the base URL, or an expression that gives a whole URL. */
  readonly target: { readonly path: TextTemplate } | { readonly url: Expression };
  readonly hosts: readonly string[];
  readonly query: NamedTexts;
  readonly headers: NamedTexts;
  readonly body: PlannedBody;
}

export interface PlannedStep {
  readonly name: string;
  readonly when: Expression | undefined;
  readonly let: NamedExpressions;
  readonly request: PlannedRequest;
  readonly expect: Expression;
  readonly poll:
    | (Omit<PollTemplate, "until" | "pause"> & {
        readonly until: Expression;
        readonly pause: Expression | undefined;
      })
    | undefined;
  readonly extract: NamedExpressions;
  readonly done: Expression | undefined;
  /** Its answer's body is the new content. */
  readonly givesContent: boolean;
  /**
   * What of `req` and `state` is read from this step on, so that another pod can go on polling;
   * undefined where that takes the entity itself.
   */
  readonly resumesWith: ReadonlySet<string> | undefined;
}

export interface PlannedResult {
  readonly verdict: Expression;
  readonly reason: Expression | undefined;
  readonly threats: Expression | undefined;
  readonly score: Expression | undefined;
  readonly message: Expression | undefined;
  readonly ttl: Expression | undefined;
  readonly base64: Expression | undefined;
  readonly mediaType: Expression | undefined;
}

export interface PlannedErrorRule extends Omit<ErrorTemplate, "when"> {
  readonly when: Expression;
}

/** A template that was checked: every expression compiled, every text taken apart. */
export interface Plan {
  readonly template: Template;
  /** SHA-256 of the template with its parameters: changes when its verdicts could. */
  readonly hash: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path of the base URL, without a slash at its end. */
  readonly basePath: string;
  readonly basicAuth:
    | { readonly username: TextTemplate; readonly password: TextTemplate }
    | undefined;
  readonly headers: NamedTexts;
  readonly steps: readonly PlannedStep[];
  readonly result: PlannedResult;
  readonly errors: readonly PlannedErrorRule[];
  readonly epoch:
    | { readonly request: PlannedRequest; readonly value: Expression; readonly everyMs: number }
    | undefined;
  /** Members of `req` that are read somewhere, `base64` where a JSON body holds the bytes. */
  readonly reads: ReadonlySet<string>;
  /** The entity's bytes are sent, as they are or as text. */
  readonly sendsContent: boolean;
  readonly replaces: boolean;
  /** It reads nothing of the entity: it can judge as soon as the heads of the message are there. */
  readonly judgesHeads: boolean;
  readonly cacheScope: CacheScope;
}
