import { type ConvertedRule, celList, type Notes } from "./conversion.ts";

/** ICAPeg's three lists of extensions; one of them is `*`: everything that the others do not name. */
export interface ExtensionLists {
  readonly process: readonly string[];
  readonly reject: readonly string[];
  readonly bypass: readonly string[];
}

const ANY = "*";
/** ICAPeg's word for an entity whose type it cannot tell. */
const UNKNOWN = "unknown";

/** The lists as rules. ICAPeg asks the bytes first, then the names; here the names are asked. */
export function extensionRules(
  lists: ExtensionLists,
  hasScanners: boolean,
  from: { readonly notes: Notes; readonly where: string },
): ConvertedRule[] {
  const scan = hasScanners ? "Scan" : "Skip";
  const rules = [
    ...listed("bypass-extensions", lists.bypass, "Skip"),
    ...listed("reject-extensions", lists.reject, "Block"),
    ...listed("process-extensions", lists.process, scan),
    ...rest(lists),
  ];
  // Without scanners everything passes anyway: what comes after the last Block says nothing.
  const lastBlock = rules.findLastIndex(({ action }) => action === "Block");
  const telling = hasScanners ? rules : rules.slice(0, lastBlock + 1);
  if (telling.length > 0) {
    from.notes.add(
      from.where,
      "process_extensions, reject_extensions, bypass_extensions",
      "ICAPeg takes the extension from the bytes first; the rules ask for the names that the request and the sender give, and entity.type is there for what the bytes say",
    );
  }
  return telling;
}

function listed(
  name: string,
  extensions: readonly string[],
  action: ConvertedRule["action"],
): ConvertedRule[] {
  return extensions.includes(ANY) || extensions.length === 0
    ? []
    : [{ name, when: conditionOf(extensions), action }];
}

/** What the list with `*` says of everything else; scanning is what happens anyway. */
function rest({ bypass, reject }: ExtensionLists): ConvertedRule[] {
  if (bypass.includes(ANY)) {
    return [{ name: "bypass-everything-else", when: "true", action: "Skip" }];
  }
  return reject.includes(ANY)
    ? [{ name: "reject-everything-else", when: "true", action: "Block" }]
    : [];
}

function conditionOf(extensions: readonly string[]): string {
  const names = extensions
    .filter((extension) => extension !== UNKNOWN)
    .map((extension) => extension.toLowerCase().replace(/^\./, ""));
  const conditions: string[] = [];
  if (names.length > 0) {
    const list = celList(names);
    conditions.push(`entity.extension in ${list} || request.extension in ${list}`);
  }
  if (extensions.includes(UNKNOWN)) {
    conditions.push('(entity.type == "" && entity.extension == "" && request.extension == "")');
  }
  return conditions.join(" || ");
}
