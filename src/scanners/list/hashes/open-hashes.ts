import { FileList } from "../file-list.ts";
import type { ListHit } from "../list-answer.ts";
import { LISTED_HASH } from "../list-scanner.ts";
import type { HashListSettings } from "../list-settings.ts";
import { OpenFileList } from "../open-file-list.ts";
import type { FileListOptions, ListNeeds, LookupSubject, OpenList } from "../open-list.ts";
import { DigestList, type DigestListData } from "./digest-list.ts";

/** Opens a list of hashes. Rejects, with file and line, when it cannot be used. */
export async function openHashes(
  settings: HashListSettings,
  options: FileListOptions,
): Promise<OpenList> {
  const { name, path, format, invalidLines } = settings;
  const source = {
    kind: "hashes",
    hashes: { path, format, skipsInvalid: invalidLines === "skip" },
  } as const;
  const listOf = (data: DigestListData) => new DigestList(data);
  return new OpenHashes(settings, await FileList.open({ name, path, source, listOf }, options));
}

class OpenHashes extends OpenFileList<DigestList> {
  readonly #settings: HashListSettings;

  constructor(settings: HashListSettings, file: FileList<DigestList>) {
    super(settings.name, file);
    this.#settings = settings;
  }

  get needs(): ListNeeds {
    return { hashes: this.list.algorithms, host: false, url: false };
  }

  find({ hashes }: LookupSubject): readonly ListHit[] {
    const found = this.list.find(hashes);
    if (found === undefined) return [];
    const { name, verdict, reason } = this.#settings;
    return [{ list: name, matter: "content", verdict, reason, name: found || LISTED_HASH }];
  }
}
