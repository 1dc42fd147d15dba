import type { Logger } from "../../telemetry/index.ts";
import type { ContentHashes } from "./hashes/digest-list.ts";
import type { HashAlgorithm } from "./hashes/hash-lines.ts";
import type { ListHit } from "./list-answer.ts";
import type { WebAddress } from "./names/web-address.ts";

/** What lists are asked about. */
export interface LookupSubject {
  readonly hashes: ContentHashes;
  /** In the form of `hostName`, each once. */
  readonly hosts: readonly string[];
  readonly address: WebAddress | undefined;
  /** As it was sent. */
  readonly url: string | undefined;
}

/** What of a subject a list looks at. */
export interface ListNeeds {
  readonly hashes: readonly HashAlgorithm[];
  readonly host: boolean;
  readonly url: boolean;
}

/** A list in use: of a file, or elsewhere. */
export interface OpenList {
  readonly name: string;
  readonly needs: ListNeeds;
  /** Changes when an answer could; undefined when nobody can tell. */
  readonly epoch: string | undefined;
  /** Undefined when nobody counts them. */
  readonly entries: number | undefined;
  readonly skippedLines: number;
  readonly failedReloads: number;
  /** When what is in use was loaded, in seconds since 1970; undefined for what is not loaded. */
  readonly loadedAt: number | undefined;
  /** Why it cannot be asked now; undefined when it can. */
  readonly notReady: string | undefined;
  /** Rejects when it could not be asked, with a message that holds no secret. */
  find(subject: LookupSubject): readonly ListHit[] | Promise<readonly ListHit[]>;
  close(): void;
}

/** What every list of a file is opened with. */
export interface FileListOptions {
  readonly pollMs: number;
  readonly logger: Logger;
}
