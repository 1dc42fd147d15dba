import type { Entity, KeptBody } from "./entity.ts";
import { fileNameOfDisposition, fileNameOfUrl } from "./file-name.ts";
import { detectType } from "./file-type.ts";

/**
 * What the headers of the message that carried a body say about it. Values as on the wire, latin1;
 * a header that came several times is joined with ", ".
 */
export interface BodyDescription {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentDisposition?: string | undefined;
  /** Of the request; names the file when no header does. Not for the body of a request. */
  readonly url?: string | undefined;
}

/**
 * The entity that a body is when nothing has to be undone: no copy, no second hash, no promise.
 * Undefined when it is encoded or a multipart: then `EntityExtractor.extract` has to look.
 */
export function entityOfPlainBody(
  body: KeptBody,
  description: BodyDescription,
): Entity | undefined {
  const isPlain = body.size === 0 || isPlainBody(description);
  return isPlain ? entityOfBody(body, description) : undefined;
}

/** The body's bytes are the entity's: nothing has to be undone. */
export function isPlainBody(description: BodyDescription): boolean {
  return !isEncoded(description) && !isMultipart(description);
}

/** The whole of a body as one entity, whatever it is. */
export function entityOfBody(body: KeptBody, description: BodyDescription): Entity {
  const { contentType, contentDisposition, url } = description;
  const named =
    contentDisposition === undefined ? undefined : fileNameOfDisposition(contentDisposition);
  return {
    content: body.content,
    size: body.size,
    sha256: body.sha256,
    fileName: named ?? (url === undefined ? undefined : fileNameOfUrl(url)),
    declaredType: contentType === undefined ? undefined : mediaTypeOf(contentType),
    detectedType: detectType(body.head),
  };
}

function isEncoded({ contentEncoding }: BodyDescription): boolean {
  return contentEncoding !== undefined && !/^\s*(?:identity)?\s*$/i.test(contentEncoding);
}

function isMultipart({ contentType }: BodyDescription): boolean {
  // Also the second of two Content-Types: some servers take the last.
  return contentType !== undefined && /(?:^|,)\s*multipart\//i.test(contentType);
}

function mediaTypeOf(contentType: string): string | undefined {
  // Its parameters are of no use here.
  const value = (contentType.split(";", 1)[0] as string).trim().toLowerCase();
  return value === "" ? undefined : value;
}
