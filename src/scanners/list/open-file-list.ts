import type { FileList } from "./file-list.ts";
import type { ListHit } from "./list-answer.ts";
import type { ListNeeds, LookupSubject, OpenList } from "./open-list.ts";

/** A list of a file, in use. What it looks for, and what it says when it finds it, its kind knows. */
export abstract class OpenFileList<List extends { readonly size: number }> implements OpenList {
  readonly name: string;
  /** It is in memory. */
  readonly notReady = undefined;
  readonly #file: FileList<List>;

  constructor(name: string, file: FileList<List>) {
    this.name = name;
    this.#file = file;
  }

  abstract get needs(): ListNeeds;

  abstract find(subject: LookupSubject): readonly ListHit[];

  get epoch(): string {
    return this.#file.report.digest;
  }

  get entries(): number {
    return this.#file.list.size;
  }

  get skippedLines(): number {
    return this.#file.report.skippedLines;
  }

  get failedReloads(): number {
    return this.#file.failedReloads;
  }

  get loadedAt(): number {
    return this.#file.loadedAt;
  }

  close(): void {
    this.#file.close();
  }

  /** As the file has it now. */
  protected get list(): List {
    return this.#file.list;
  }
}
