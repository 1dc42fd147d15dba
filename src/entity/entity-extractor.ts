import { decodeContent, parseContentEncoding } from "./content-coding.ts";
import { rangeOf } from "./content-reader.ts";
import { DecodeSlots } from "./decode-slots.ts";
import type { Entity, EntityContent, KeptBody } from "./entity.ts";
import { detectType } from "./file-type.ts";
import { parseHeaderValue } from "./media-type.ts";
import { type Part, splitMultipart } from "./multipart.ts";
import { type BodyDescription, entityOfBody, entityOfPlainBody } from "./plain-entity.ts";
import { type EntityProblem, ProblemReason, problem } from "./problem.ts";
import type { Region } from "./region-digest.ts";
import type { Spool } from "./spool/spool.ts";
import type { SpoolStore } from "./spool/spool-store.ts";
import { type CopyLimits, CopyWriter, problemOfError } from "./spool/spooled-copy.ts";
import { decodeTransfer, isTransferEncoding } from "./transfer-encoding.ts";

export interface ExtractionLimits {
  /** Largest decoded body. */
  readonly maxDecodedBytes: number;
  /** Largest growth by decoding, looked at once the decoded body has `ratioFromBytes`. */
  readonly maxDecodedRatio: number;
  readonly ratioFromBytes: number;
  /** Codings in one Content-Encoding. */
  readonly maxEncodings: number;
  /** Parts of one body, those of nested multiparts included. */
  readonly maxParts: number;
  /** Bytes of the headers of one part. */
  readonly maxPartHeaderBytes: number;
  /** Bodies that are decoded at the same time, in the whole process. */
  readonly maxDecoders: number;
}

const MiB = 1024 * 1024;

export const EXTRACTION_DEFAULTS: ExtractionLimits = Object.freeze({
  maxDecodedBytes: 256 * MiB,
  maxDecodedRatio: 200,
  ratioFromBytes: 10 * MiB,
  maxEncodings: 3,
  maxParts: 1000,
  maxPartHeaderBytes: 16 * 1024,
  maxDecoders: 16,
});

/** Where in a decoded body its entities are, for those that can be put in place of them. */
export interface BodyLayout {
  /** The body without its Content-Encoding. */
  readonly content: EntityContent;
  /** What must not come up in a part; undefined when the body is no multipart. */
  readonly boundary: string | undefined;
  /** Undefined for an entity that is no range of the body: one that was decoded, or nested. */
  placeOf(entity: Entity): Place | undefined;
}

/** A range of a body. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** What a body is to scanners. */
export interface Extraction {
  /** Never empty. With a problem, the body as it came is the first of them. */
  readonly entities: readonly Entity[];
  /** What could not be looked into; when empty, the entities are all there is. */
  readonly problems: readonly EntityProblem[];
  /** Undefined with a problem: then nobody knows for certain what is where. */
  readonly layout: BodyLayout | undefined;
  /** Keeps the copies made for the entities as `Spool.retain` does. */
  retain(): () => void;
  /** Ends the copies made for the entities. The body's own spool is the caller's. */
  dispose(): void;
}

/** One extraction under way. */
interface Work {
  readonly signal: AbortSignal;
  readonly entities: Entity[];
  readonly problems: EntityProblem[];
  readonly spools: Spool[];
  readonly places: Map<Entity, Place>;
  decoded: EntityContent | undefined;
  boundary: string | undefined;
  partsLeft: number;
}

/**
 * Finds the entities in a body: undoes its Content-Encoding, then splits a multipart into its parts,
 * those nested one level deep too, and undoes a part's Content-Transfer-Encoding. Nothing passes
 * unseen: what cannot be undone is a problem, and then the bytes as they came are an entity.
 *
 * @example
 * const entity = entityOfPlainBody(body, description);
 * const extraction = entity ? undefined : await extractor.extract(body, description, signal);
 */
export class EntityExtractor {
  readonly #store: SpoolStore;
  readonly #limits: ExtractionLimits;
  readonly #slots: DecodeSlots;

  constructor(store: SpoolStore, limits: ExtractionLimits) {
    this.#store = store;
    this.#limits = limits;
    this.#slots = new DecodeSlots(limits.maxDecoders);
  }

  /** Never rejects; aborting the signal is the problem `aborted`. */
  async extract(
    body: KeptBody,
    description: BodyDescription,
    signal: AbortSignal,
  ): Promise<Extraction> {
    const work: Work = {
      signal,
      entities: [],
      problems: [],
      spools: [],
      places: new Map(),
      decoded: undefined,
      boundary: undefined,
      partsLeft: this.#limits.maxParts,
    };
    try {
      await this.#extractBody(body, description, work);
    } catch (error) {
      work.problems.push(problemOfError(error, signal, ProblemReason.DiskError));
    }
    if (work.problems.length > 0) work.entities.unshift(entityOfBody(body, description));
    const { entities, problems, spools } = work;
    return {
      entities,
      problems,
      layout: problems.length > 0 ? undefined : layoutOf(work),
      retain: () => {
        const releases = spools.map((spool) => spool.retain());
        return () => {
          for (const release of releases) release();
        };
      },
      dispose: () => {
        // They stay in the list: who holds them already may hand them on.
        for (const spool of spools) spool.dispose();
      },
    };
  }

  async #extractBody(body: KeptBody, description: BodyDescription, work: Work): Promise<void> {
    const decoded = await this.#decode(body, description, work);
    if (decoded === undefined) return;
    work.decoded = decoded.content;
    const whole = { offset: 0, length: decoded.size };
    const plain = { ...description, contentEncoding: undefined };
    const entity = entityOfPlainBody(decoded, plain);
    if (entity !== undefined) {
      work.places.set(entity, whole);
      work.entities.push(entity);
      return;
    }
    const { parameters, ambiguous } = parseHeaderValue(description.contentType ?? "");
    const boundary = ambiguous ? undefined : parameters.get("boundary");
    work.boundary = boundary;
    const split = await this.#split(decoded.content, boundary, work, 0);
    // With a problem the caller adds the body as it came: here only what was inside an encoded one.
    const needsWhole = split ? work.entities.length === 0 : decoded !== body;
    if (needsWhole) work.entities.unshift(entityOfBody(decoded, plain));
  }

  /** The body without its Content-Encoding; undefined when that is a problem. */
  async #decode(
    body: KeptBody,
    description: BodyDescription,
    work: Work,
  ): Promise<KeptBody | undefined> {
    const encoding = parseContentEncoding(description.contentEncoding, this.#limits.maxEncodings);
    if (!encoding.ok) {
      work.problems.push(problem(encoding.reason));
      return undefined;
    }
    if (encoding.codings.length === 0 || body.size === 0) return body;
    const parts = { store: this.#store, slots: this.#slots, limits: this.#copyLimits() };
    const result = await decodeContent(body.content, encoding.codings, parts, work.signal);
    if (!result.ok) {
      work.problems.push(result.problem);
      return undefined;
    }
    work.spools.push(result.copy.spool);
    return result.copy.body;
  }

  /** Adds the parts of a multipart as entities; false when there was a problem with it. */
  async #split(
    content: EntityContent,
    boundary: string | undefined,
    work: Work,
    depth: number,
  ): Promise<boolean> {
    const { maxPartHeaderBytes } = this.#limits;
    const split = await splitMultipart(content, boundary, {
      limits: { maxParts: work.partsLeft, maxPartHeaderBytes },
      signal: work.signal,
    });
    work.partsLeft -= split.parts.length;
    for (const part of split.parts) await this.#addPart(content, part, work, depth);
    for (const region of split.around) {
      const entity = entityOfRegion(content, region);
      if (depth === 0) work.places.set(entity, region);
      work.entities.push(entity);
    }
    if (split.problem !== undefined) work.problems.push(problem(split.problem));
    return split.problem === undefined;
  }

  async #addPart(content: EntityContent, part: Part, work: Work, depth: number): Promise<void> {
    const entity = entityOfRegion(content, part, part.headers);
    const { transferEncoding, declaredType, boundary } = part.headers;
    if (isTransferEncoding(transferEncoding)) {
      // Servers differ: most take the bytes of a form as they are (RFC 7578 §4.7). Both are scanned.
      work.entities.push(entity);
      const copy = new CopyWriter(
        this.#store.create(this.#limits.maxDecodedBytes),
        this.#copyLimits(),
        entity.size,
      );
      work.spools.push(copy.spool);
      await copy.writeAll(decodeTransfer(entity.content, transferEncoding));
      const result = await copy.finish();
      if (!result.ok) work.problems.push(result.problem);
      else work.entities.push(entityOfCopy(entity, result.copy.body));
      return;
    }
    if (entity.size === 0 || declaredType?.startsWith("multipart/") !== true) {
      if (depth === 0) work.places.set(entity, part);
      work.entities.push(entity);
    } else if (depth > 0) {
      work.entities.push(entity);
      work.problems.push(problem(ProblemReason.NestedTooDeep));
    } else if (!(await this.#split(entity.content, boundary, work, depth + 1))) {
      work.entities.push(entity);
    }
  }

  #copyLimits(): CopyLimits {
    const { maxDecodedBytes, maxDecodedRatio, ratioFromBytes } = this.#limits;
    return { maxBytes: maxDecodedBytes, maxRatio: maxDecodedRatio, ratioFromBytes };
  }
}

function layoutOf({ decoded, boundary, places }: Work): BodyLayout | undefined {
  if (decoded === undefined) return undefined;
  return { content: decoded, boundary, placeOf: (entity) => places.get(entity) };
}

function entityOfRegion(
  content: EntityContent,
  region: Region,
  headers?: { readonly fileName: string | undefined; readonly declaredType: string | undefined },
): Entity {
  return {
    content: rangeOf(content, region.offset, region.length),
    size: region.length,
    sha256: region.sha256,
    fileName: headers?.fileName,
    declaredType: headers?.declaredType,
    detectedType: region.detectedType,
  };
}

function entityOfCopy(original: Entity, body: KeptBody): Entity {
  const { content, size, sha256, head } = body;
  return { ...original, content, size, sha256, detectedType: detectType(head) };
}
