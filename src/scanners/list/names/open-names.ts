import { FileList } from "../file-list.ts";
import type { ListHit, ListVerdict } from "../list-answer.ts";
import type { NameListSettings } from "../list-settings.ts";
import { OpenFileList } from "../open-file-list.ts";
import type { FileListOptions, LookupSubject, OpenList } from "../open-list.ts";
import { type NameCategory, type NameHit, NameList, type NameListData } from "./name-list.ts";

/** Opens a list of hosts, domains and URLs. Rejects, with file and line, when it cannot be used. */
export async function openNames(
  settings: NameListSettings,
  options: FileListOptions,
): Promise<OpenList> {
  const { name, path, format, categories, subdomains, invalidLines } = settings;
  const source = {
    kind: "names",
    names: {
      path,
      format,
      categories: categories && Object.keys(categories),
      widensHosts: subdomains,
      skipsInvalid: invalidLines === "skip",
    },
  } as const;
  const listOf = (data: NameListData) => new NameList(data);
  return new OpenNames(settings, await FileList.open({ name, path, source, listOf }, options));
}

class OpenNames extends OpenFileList<NameList> {
  readonly needs = { hashes: [], host: true, url: true };
  readonly #settings: NameListSettings;

  constructor(settings: NameListSettings, file: FileList<NameList>) {
    super(settings.name, file);
    this.#settings = settings;
  }

  find({ hosts, address }: LookupSubject): readonly ListHit[] {
    const { list } = this;
    const found = hosts.flatMap((host) => list.findHost(host));
    if (address !== undefined) found.push(...list.findUrl(address));
    return found.flatMap((hit) => this.#hitsOf(hit));
  }

  #hitsOf({ categories, entry }: NameHit): ListHit[] {
    const { name, reason, category } = this.#settings;
    return categories.map((each) => ({
      list: name,
      matter: "address",
      verdict: this.#verdictOf(each),
      reason,
      name: each.name ?? category ?? name,
      entry,
    }));
  }

  #verdictOf({ name, isException }: NameCategory): ListVerdict {
    const { verdict, categories } = this.#settings;
    if (isException) return "clean";
    return (name === undefined ? undefined : categories?.[name]) ?? verdict;
  }
}
