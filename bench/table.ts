/** Lays out rows in columns: the first row is the heading, columns with numbers are aligned right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  );
  const isNumeric = widths.map((_, column) =>
    rows.slice(1).every((row) => /^[≤≥]?\s*[\d.,]+[kM]?\*?( \[.*\])?$|^$/.test(row[column] ?? "")),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumeric[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  const [heading = "", ...body] = lines;
  return [heading, "─".repeat(Math.max(...lines.map((line) => line.length))), ...body].join("\n");
}

/** Three significant digits, with k and M: `39.2k`. */
export function short(value: number): string {
  if (value >= 999_500) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 9995) return `${(value / 1000).toPrecision(3)}k`;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
