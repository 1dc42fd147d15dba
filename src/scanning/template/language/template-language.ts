import {
  type FieldDefinition,
  type FunctionDefinition,
  Language,
  type LanguageOptions,
  quantityFunction,
  reFunction,
  type VariableDefinition,
} from "../../../cel/index.ts";
import { AnswerView, SubjectView } from "./views.ts";

const text = (description: string): FieldDefinition => ({ type: "string", description });
const whole = (description: string): FieldDefinition => ({ type: "int", description });

const SUBJECT: VariableDefinition = {
  name: "req",
  description: "The entity and its transaction. What is not known is empty, or 0.",
  record: {
    typeName: "Subject",
    ctor: SubjectView,
    fields: {
      sha256: text("Of the entity, lower-case hex."),
      sha1: text("Of the entity, lower-case hex; read from its bytes where the template names it."),
      md5: text("Of the entity, lower-case hex; read from its bytes where the template names it."),
      size: whole("Bytes of the entity."),
      fileName: text("As the sender gave it, not sanitised."),
      extension: text("Lower-case extension of the file name, without the dot."),
      declaredType: text("Media type that the sender declares, lower case, without parameters."),
      detectedType: text("Media type that the first bytes show."),
      text: text(
        "The entity as text. A template that reads it takes text only: other entities are `unscannable`.",
      ),
      url: text("URL of the HTTP request."),
      host: text("Host of the URL, lower case, without port."),
      path: text("Path of the URL, without query."),
      method: text("Method of the HTTP request."),
      status: whole("Status of the HTTP response; 0 in REQMOD."),
      direction: text("`reqmod` or `respmod`."),
      service: text("Name of the service."),
      policy: text("Profile that the service asks for."),
      clientIp: text("Address of the end user, where the service shares it."),
      user: text("User name, where the service shares it."),
      groups: { type: "list<string>", description: "Groups, where the service shares them." },
    },
  },
};

const PARAMS: VariableDefinition = {
  name: "params",
  type: "map<string, dyn>",
  description: "The parameters of the template.",
};

const STATE: VariableDefinition = {
  name: "state",
  type: "map<string, dyn>",
  description: "What `let` and `extract` of the steps so far have made.",
};

const ANSWER: VariableDefinition = {
  name: "res",
  description: "The answer to the last request.",
  record: {
    typeName: "Answer",
    ctor: AnswerView,
    fields: {
      status: whole("Status."),
      headers: {
        type: "map<string, string>",
        description: "Header fields by lower-case name; repeated ones joined with `, `.",
      },
      text: text("The body as text."),
      json: {
        type: "dyn",
        description: "The body as JSON, whatever its Content-Type. An error when it is none.",
      },
      ms: whole("How long the answer took, in milliseconds."),
    },
  },
};

/** The variables of templates, for the reference. */
export const TEMPLATE_VARIABLES: readonly VariableDefinition[] = [SUBJECT, PARAMS, STATE, ANSWER];
export const SUBJECT_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(SUBJECT.record?.fields ?? {}),
);

function membersOf(value: unknown): [string, unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError("values() and entries() take a map");
  }
  return value instanceof Map ? [...value] : Object.entries(value);
}

/** What Sluice adds to CEL's own functions in templates. */
export const TEMPLATE_FUNCTIONS: readonly FunctionDefinition[] = [
  {
    name: "values",
    signature: "values(dyn): list<dyn>",
    description: "The values of a map.",
    example: "values(res.json.engines).exists(e, e.found)",
    handler: (map: unknown) => membersOf(map).map(([, value]) => value),
  },
  {
    name: "entries",
    signature: "entries(dyn): list<dyn>",
    description: "The entries of a map, as maps of `key` and `value`.",
    example: "entries(res.json.engines).filter(e, e.value.found).map(e, {'engine': e.key})",
    handler: (map: unknown) => membersOf(map).map(([key, value]) => ({ key, value })),
  },
  {
    name: "urlEncode",
    signature: "urlEncode(string): string",
    description: "Percent-encoded, as UTF-8. In `path` and `query` that is done already.",
    example: "urlEncode(req.fileName)",
    handler: (value: string) => encodeURIComponent(value.toWellFormed()),
  },
  {
    name: "base64",
    signature: "base64(string): string",
    description: "In Base64, as UTF-8.",
    example: "base64(req.text)",
    handler: (value: string) => Buffer.from(value).toString("base64"),
  },
  {
    name: "base64Url",
    signature: "base64Url(string): string",
    description: "In the Base64 of URLs, without padding.",
    example: "base64Url(req.url)",
    handler: (value: string) => Buffer.from(value).toString("base64url"),
  },
  quantityFunction("req.size > quantity('32Mi')"),
  reFunction("req.fileName.re('(?i)\\\\.exe$')"),
];

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

/** Numbers of JSON are doubles; CEL does not calculate with a double and an int by itself. */
const OPERATORS = Object.fromEntries(
  Object.entries(arithmetic).flatMap(([sign, calculate]) => {
    const operator = (left: number | bigint, right: number | bigint) =>
      calculate(Number(left), Number(right));
    return [
      [`double ${sign} int: double`, operator],
      [`int ${sign} double: double`, operator],
    ];
  }),
);

const COMMON: Omit<LanguageOptions, "variables"> = {
  noun: "expression",
  functions: TEMPLATE_FUNCTIONS,
  standard: {
    functions: ["has", "size", "int", "double", "string", "bool", "timestamp", "duration"],
    methods: [
      ...["startsWith", "endsWith", "contains", "indexOf", "lastIndexOf", "substring"],
      ...["lowerAscii", "upperAscii", "trim", "split", "join", "size"],
      ...["hasValue", "orValue", "or", "value", "getSeconds", "getMilliseconds"],
    ],
    macros: ["all", "exists", "exists_one", "filter", "map"],
  },
  refusals: { bind: "can grow without bound" },
  operators: OPERATORS,
  optionals: true,
  maxLength: 2048,
  maxAstNodes: 1000,
  maxSteps: 20_000,
  maxMs: 500,
};

/** Before an answer: `when`, `let`. */
export const questionLanguage = new Language({ ...COMMON, variables: [SUBJECT, PARAMS, STATE] });
/** With an answer. */
export const answerLanguage = new Language({ ...COMMON, variables: TEMPLATE_VARIABLES });
/** Of the epoch: an answer without an entity. */
export const epochLanguage = new Language({ ...COMMON, variables: [PARAMS, ANSWER] });
