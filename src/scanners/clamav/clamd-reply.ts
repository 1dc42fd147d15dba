import {
  errorVerdict,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../../scanning/index.ts";

const ENGINE = "clamav";
const MAX_NAME_LENGTH = 256;

/** What names of clamd's own heuristics mean; the first that fits counts. */
const heuristics: readonly {
  readonly prefix: string;
  readonly verdict: Omit<Verdict, "threats">;
}[] = [
  {
    prefix: "Heuristics.Limits.Exceeded",
    verdict: { kind: VerdictKind.Unscannable, reason: VerdictReason.ArchiveLimit },
  },
  {
    prefix: "Heuristics.Encrypted",
    verdict: { kind: VerdictKind.Unscannable, reason: VerdictReason.Encrypted },
  },
  { prefix: "Heuristics.Phishing", verdict: { kind: VerdictKind.Suspicious } },
  { prefix: "PUA.", verdict: { kind: VerdictKind.Suspicious } },
];

/** The verdict that a reply to INSTREAM gives. Whatever is not understood is an error. */
export function verdictOfReply(reply: string): Verdict {
  if (reply === "stream: OK") return { kind: VerdictKind.Clean, threats: [] };
  const name = /^stream: (?<name>.+) FOUND$/.exec(reply)?.groups?.["name"];
  if (name !== undefined) return verdictOfName(nameOf(name));
  if (reply === "INSTREAM size limit exceeded. ERROR") {
    return unscannableVerdict(VerdictReason.Size, "larger than clamd's StreamMaxLength");
  }
  const message = / ERROR$/.test(reply) ? "clamd answered an error" : "clamd gave no known answer";
  return errorVerdict(VerdictReason.EngineError, `${message}: ${shown(reply)}`);
}

function verdictOfName(name: string): Verdict {
  const threats = [{ name, engine: ENGINE }];
  const known = heuristics.find(({ prefix }) => name.startsWith(prefix));
  if (known !== undefined) return { ...known.verdict, threats };
  return { kind: VerdictKind.Blocked, reason: VerdictReason.Malware, threats };
}

/** With `ExtendedDetectionInfo` clamd adds MD5 and size of the file in brackets. */
function nameOf(text: string): string {
  return shown(text.replace(/\([0-9a-f]{32}:\d+\)$/, ""));
}

function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_NAME_LENGTH);
}
