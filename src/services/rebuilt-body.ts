import {
  type Entity,
  type EntityContent,
  type Place,
  rangeOf,
  readContent,
} from "../entity/index.ts";
import type { Replacement } from "../scanning/index.ts";
import type { FoundEntities } from "./found-entities.ts";
import type { ReplacedContent } from "./outcome.ts";

/** New content for one entity of a body. */
export interface Change {
  readonly entity: Entity;
  readonly replacement: Replacement;
}

/** A body with new content in it, and what its head says of that. */
export interface RebuiltBody extends ReplacedContent {
  /** Of the whole body; undefined: as it was. */
  readonly mediaType: string | undefined;
}

/**
 * The body without its Content-Encoding and with the changes in it: untouched ranges stay where they
 * are and new content stands between them. Undefined when it cannot be put together so that every
 * reader finds in it what the scanners saw; then the replacements are still the caller's.
 */
export async function rebuildBody(
  { layout, retain }: Pick<FoundEntities, "layout" | "retain">,
  changes: readonly Change[],
): Promise<RebuiltBody | undefined> {
  if (layout === undefined || changes.length === 0) return undefined;
  const placed: Placed[] = [];
  for (const { entity, replacement } of changes) {
    const place = layout.placeOf(entity);
    if (place === undefined || !(await fits(entity, replacement, layout.boundary)))
      return undefined;
    placed.push({ place, replacement });
  }
  placed.sort((a, b) => a.place.offset - b.place.offset);
  const pieces = piecesOf(layout.content, placed);
  const release = retain?.();
  let isHeld = true;
  const dispose = (): void => {
    if (!isHeld) return;
    isHeld = false;
    for (const { replacement } of placed) replacement.dispose();
    release?.();
  };
  return {
    pieces,
    size: pieces.reduce((size, piece) => size + lengthOf(piece), 0),
    mediaType: layout.boundary === undefined ? placed[0]?.replacement.mediaType : undefined,
    dispose,
  };
}

interface Placed {
  readonly place: Place;
  readonly replacement: Replacement;
}

function piecesOf(content: EntityContent, placed: readonly Placed[]): EntityContent[] {
  const pieces: EntityContent[] = [];
  let at = 0;
  for (const { place, replacement } of placed) {
    pieces.push(rangeOf(content, at, place.offset - at), replacement.body.content);
    at = place.offset + place.length;
  }
  pieces.push(rangeOf(content, at, lengthOf(content) - at));
  return pieces.filter((piece) => lengthOf(piece) > 0);
}

function lengthOf(content: EntityContent): number {
  return content.kind === "memory" ? content.data.length : content.length;
}

/** A part keeps its own head, so its type must still be true; and it must not end before its end. */
async function fits(
  entity: Entity,
  { body, mediaType }: Replacement,
  boundary: string | undefined,
): Promise<boolean> {
  if (boundary === undefined) return true;
  if (!isTrueOf(entity.declaredType, mediaType)) return false;
  try {
    // Anywhere at all: readers differ in what has to stand before it.
    return !(await contains(body.content, Buffer.from(`--${boundary}`, "latin1")));
  } catch {
    return false;
  }
}

const GENERIC = "application/octet-stream";

function isTrueOf(declared: string | undefined, mediaType: string | undefined): boolean {
  const type = mediaType?.split(";", 1)[0]?.trim().toLowerCase() ?? GENERIC;
  return type === GENERIC || type === (declared ?? GENERIC) || declared === GENERIC;
}

async function contains(content: EntityContent, wanted: Buffer): Promise<boolean> {
  let seam: Buffer = Buffer.alloc(0);
  for await (const piece of readContent(content)) {
    const start = Buffer.concat([seam, piece.subarray(0, wanted.length - 1)]);
    if (start.includes(wanted) || piece.includes(wanted)) return true;
    const seen = piece.length < wanted.length ? start : piece;
    seam = Buffer.from(seen.subarray(Math.max(0, seen.length - wanted.length + 1)));
  }
  return false;
}
