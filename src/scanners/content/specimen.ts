import { createHash } from "node:crypto";
import { extname } from "node:path/posix";
import { detectType, HEAD_BYTES } from "../../entity/index.ts";
import { type ByteSource, pieces } from "./byte-source.ts";

export interface SpecimenFacts {
  readonly fileName: string | undefined;
  readonly declaredType?: string | undefined;
  readonly detectedType?: string | undefined;
  readonly sha256?: string;
  /** Where it was found inside the entity; empty for the entity itself. */
  readonly path?: string;
  /** How many containers are around it; 0 for the entity itself. */
  readonly depth?: number;
}

/** What engines look at: the entity itself, or something found inside it. */
export class Specimen {
  readonly source: ByteSource;
  readonly path: string;
  readonly depth: number;
  readonly fileName: string;
  readonly declaredType: string | undefined;
  #detectedType: string | undefined;
  #isTypeKnown: boolean;
  #sha256: string | undefined;
  #head: Buffer | undefined;

  constructor(source: ByteSource, facts: SpecimenFacts) {
    this.source = source;
    this.fileName = baseName(facts.fileName ?? "");
    this.declaredType = facts.declaredType;
    this.#detectedType = facts.detectedType;
    this.#isTypeKnown = facts.detectedType !== undefined;
    this.path = facts.path ?? "";
    this.depth = facts.depth ?? 0;
    this.#sha256 = facts.sha256;
  }

  get size(): number {
    return this.source.size;
  }

  /** Media type that the first bytes show; undefined when nothing is recognised. */
  get detectedType(): string | undefined {
    if (!this.#isTypeKnown) this.#detectedType = detectType(this.head);
    this.#isTypeKnown = true;
    return this.#detectedType;
  }

  /** The first bytes, as many as type detection wants. */
  get head(): Buffer {
    this.#head ??= this.source.read(0, HEAD_BYTES);
    return this.#head;
  }

  /** Lower case, with the dot; empty when the name has none. */
  get extension(): string {
    return extname(this.fileName).toLowerCase();
  }

  /** Lower-case hex. Computed on the first call for what was found inside a container. */
  get sha256(): string {
    this.#sha256 ??= hashOf(this.source);
    return this.#sha256;
  }

  /** The path that something named `name` inside this specimen has. */
  pathOf(name: string): string {
    const own = this.path === "" ? this.fileName : this.path;
    return own === "" ? name : `${own}/${name}`;
  }
}

function hashOf(source: ByteSource): string {
  const hash = createHash("sha256");
  for (const piece of pieces(source)) hash.update(piece);
  return hash.digest("hex");
}

/** Windows and POSIX separators alike: names in archives and forms come from either. */
function baseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
}
