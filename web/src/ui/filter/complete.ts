// What may stand where the cursor is in a condition.

export type Place =
  /** A value of key; from is where its text begins, quoted tells that a quote is open. */
  | { kind: "value"; key: string; from: number; text: string; quoted: boolean }
  /** A name or a keyword. */
  | { kind: "name"; from: number; text: string };

const value =
  /((?:(?:attributes|resource|scope)\['[^']*'\])|"(?:[^"]|"")*"|[A-Za-z_][\w.]*)\s*(?:=|==|!=|<>|<=?|>=?|~|!~|LIKE\s|ILIKE\s|IN\s*\((?:[^()]*,)?)\s*('?)((?:[^'()\s]|(?<=')[^']*)*)$/i;

/** placeAt tells what is being typed at the end of the text. */
export function placeAt(before: string): Place | undefined {
  const v = value.exec(before);
  if (v) {
    const [, key, quote, text] = v;
    return {
      kind: "value",
      key: key!,
      from: before.length - quote!.length - text!.length,
      text: text!,
      quoted: quote !== "",
    };
  }
  // Inside of a quoted text that is no value of a name nothing is known.
  if ((before.match(/'/g)?.length ?? 0) % 2 === 1) return undefined;
  const n = /(?:(?:attributes|resource|scope)\['[^']*'?\]?|"(?:[^"])*|[A-Za-z_][\w.]*)?$/.exec(before)!;
  return { kind: "name", from: n.index, text: n[0] };
}

export const keywords = [
  "AND",
  "OR",
  "NOT",
  "IN",
  "LIKE",
  "ILIKE",
  "BETWEEN",
  "IS NULL",
  "IS NOT NULL",
  "true",
  "false",
];

export const functions = ["contains", "starts_with", "ends_with", "lower", "length", "coalesce", "typeof"];
