/** literal writes text as a constant of the query language. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** constant writes any value of a row as one. */
export function constant(v: unknown): string {
  if (v === null || v === undefined) return "NULL";
  if (typeof v === "number" || typeof v === "boolean") return String(v);
  return literal(typeof v === "string" ? v : JSON.stringify(v));
}

const plain = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;
const reserved = new Set(
  "select distinct from where group by having order limit offset as and or not in between like ilike is null true false case when then else end asc desc nulls first last filter interval timestamp date cast escape explain analyze at".split(
    " ",
  ),
);

/** name writes an attribute key or a column as the language has it. */
export function name(key: string): string {
  if (plain.test(key) && !reserved.has(key.toLowerCase())) return key;
  return `"${key.replaceAll('"', '""')}"`;
}

/** term is the condition that a key has a value. */
export function term(key: string, value: unknown): string {
  return value === null || value === undefined ? `${key} IS NULL` : `${key} = ${constant(value)}`;
}

/** without is the condition that it has another one, or none. */
export function without(key: string, value: unknown): string {
  if (value === null || value === undefined) return `${key} IS NOT NULL`;
  return `(${key} != ${constant(value)} OR ${key} IS NULL)`;
}

/** all joins conditions; without any it is true. */
export function all(terms: readonly string[]): string {
  const some = terms.filter((t) => t.trim() !== "");
  return some.length === 0 ? "true" : some.map((t) => `(${t})`).join(" AND ");
}

/** during is the condition that a record is in [from, to), of milliseconds. */
export function during(r: { from: number; to: number }): string {
  return `timestamp >= TIMESTAMP ${literal(new Date(r.from).toISOString())} AND timestamp < TIMESTAMP ${literal(new Date(r.to).toISOString())}`;
}
