/**
 * Where the bytes of an entity are. A part of a larger body is a range of it, never a copy.
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
