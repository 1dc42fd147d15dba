/**
 * Where the bytes of an entity are. A part of a larger body is a range of it, never a copy.
 *
 * `memory`: `data` is a view, valid until the spool that made it is disposed or recycled. Its
 * ArrayBuffer holds other bytes as well and is used again: never transfer it to a worker, copy.
 * `file` names a spool file of this process; it lives until the spool that made it is disposed.
 */
export type EntityContent =
  | { readonly kind: "memory"; readonly data: Buffer }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly offset: number;
      readonly length: number;
    };

/** Bytes kept complete and hashed: a whole body, a decoded body or a part of one. */
export interface KeptBody {
  readonly content: EntityContent;
  /** Length in bytes. */
  readonly size: number;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
  /** The first bytes, at most `HEAD_BYTES`: what `detectType` looks at. */
  readonly head: Buffer;
}

/** Length of `KeptBody.head`: enough for an ISO 9660 image, whose mark lies at 32,769. */
export const HEAD_BYTES = 36 * 1024;

/** The body of a message, or one part of it, complete and hashed: what scanners judge. */
export interface Entity {
  readonly content: EntityContent;
  /** Length in bytes. */
  readonly size: number;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
  /** File name as the sender gave it (Content-Disposition, form field, URL path), not sanitised. */
  readonly fileName: string | undefined;
  /** Media type as the sender declared it, without parameters, lower case. */
  readonly declaredType: string | undefined;
  /** Media type that the first bytes show; undefined when nothing is recognised. */
  readonly detectedType: string | undefined;
}
