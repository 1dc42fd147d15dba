import { parseText, renderText } from "../language/text-template.ts";

export interface BaseUrl {
  readonly origin: string;
  /** Without a slash at its end. */
  readonly path: string;
}

/** A parameter in the host must be a part of a name, never a host of its own with a port or a user. */
function hostLabel(value: string): string {
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(value)) {
    throw new Error("a parameter in it is no part of a host name");
  }
  return value;
}

/** The base URL with its parameters; a text says what is wrong with it. */
export function resolveBaseUrl(
  source: string,
  params: Readonly<Record<string, unknown>>,
): BaseUrl | string {
  if (source === "") return "there is none, and the scanner has no endpoint either";
  const text = parseText(source);
  if (typeof text === "string") return text;
  if (text.references.some(({ root }) => root !== "params")) {
    return "may be made of params only: the host is for the configuration to say";
  }
  try {
    return read(renderText(text, { params }, hostLabel));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function read(text: string): BaseUrl | string {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\/[^/]/.test(text)) return "must be an http or https URL";
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return "must have no user, query and fragment";
  }
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, "") };
}
