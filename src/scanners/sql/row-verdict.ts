import {
  errorVerdict,
  type Threat,
  type Verdict,
  type VerdictKind,
  VerdictReason,
} from "../../scanning/index.ts";
import { rowsExpression } from "./row-language.ts";
import type { Row } from "./sql-driver.ts";
import { type RowVerdict, rowVerdict, type SqlSettings } from "./sql-settings.ts";

/** What of the settings says what rows mean. */
export type RowMeaning = Pick<
  SqlSettings,
  "verdict" | "values" | "unlisted" | "reason" | "expression" | "maxRows"
>;

/** The worst first. A row that is not understood might be the worst. */
const order: readonly (RowVerdict | "error")[] = [
  ...(["blocked", "error", "suspicious", "unscannable", "clean", "unknown"] as const),
];

const MAX_SHOWN_CHARS = 64;

/** A verdict of rows: the worst of them, or what the expression makes of them. */
export function rowsJudge(meaning: RowMeaning): (rows: readonly Row[]) => Verdict {
  const { expression, maxRows } = meaning;
  const decide = expression === undefined ? undefined : rowsExpression(expression);
  return (rows) => {
    // What is beyond might say the opposite.
    if (rows.length > maxRows) {
      return errorVerdict(VerdictReason.EngineError, `the query gives more than ${maxRows} rows`);
    }
    try {
      return decide === undefined ? byColumns(rows, meaning) : byExpression(rows, decide, meaning);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return errorVerdict(VerdictReason.EngineError, why);
    }
  };
}

function byColumns(rows: readonly Row[], meaning: RowMeaning): Verdict {
  const judged = rows.map((row) => ({ row, kind: kindOf(row["verdict"], meaning) }));
  const kind = order.find((one) => judged.some((each) => each.kind === one));
  if (kind === undefined) return { kind: meaning.unlisted, threats: [] };
  if (kind === "error") {
    const unread = judged.find((each) => each.kind === "error")?.row["verdict"];
    const shown = JSON.stringify(String(unread).slice(0, MAX_SHOWN_CHARS));
    return errorVerdict(VerdictReason.EngineError, `${shown} is no verdict, nor among the values`);
  }
  const decisive = judged.filter((each) => each.kind === kind).map(({ row }) => row);
  return verdictOf(kind, decisive, meaning);
}

function byExpression(
  rows: readonly Row[],
  decide: (rows: readonly Row[]) => unknown,
  meaning: RowMeaning,
): Verdict {
  const value = decide(rows);
  const kind = typeof value === "string" ? rowVerdict.safeParse(value).data : undefined;
  if (kind === undefined) {
    return errorVerdict(VerdictReason.EngineError, "the expression gives no verdict");
  }
  return verdictOf(kind, rows, meaning);
}

function kindOf(value: unknown, { verdict, values }: RowMeaning): RowVerdict | "error" {
  if (value === undefined || value === null) return verdict;
  const text = String(value);
  return values[text] ?? rowVerdict.safeParse(text.toLowerCase()).data ?? "error";
}

function verdictOf(kind: RowVerdict, rows: readonly Row[], meaning: RowMeaning): Verdict {
  if (kind === "clean" || kind === "unknown") return { kind, threats: [] };
  const [first = {}] = rows;
  const threats = rows.map((row): Threat => ({ name: nameOf(row), engine: "sql" }));
  return { kind: kind satisfies VerdictKind, reason: reasonOf(first, meaning), threats };
}

function nameOf(row: Row): string {
  return textOf(row["name"]) ?? textOf(row["category"]) ?? "Listed";
}

function reasonOf(row: Row, { reason }: RowMeaning): VerdictReason {
  const own = textOf(row["reason"]);
  const known = Object.values(VerdictReason).find((one) => one === own);
  const usual =
    textOf(row["category"]) === undefined ? VerdictReason.Malware : VerdictReason.Category;
  return known ?? reason ?? usual;
}

function textOf(value: unknown): string | undefined {
  return value === null || value === undefined || value === "" ? undefined : String(value);
}
