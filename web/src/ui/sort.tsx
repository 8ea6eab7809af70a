import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useMemo } from "react";
import { useParam } from "./url";

export interface Sort<T, K extends string> {
  rows: T[];
  by: K;
  down: boolean;
  set: (by: K) => void;
}

/** useSort sorts a list that is here as a whole; by what is in the URL, "-" for the smallest first. */
export function useSort<T, K extends string>(
  list: T[],
  keys: Record<K, (row: T) => string | number | null>,
  otherwise: NoInfer<K>,
): Sort<T, K> {
  const [text, setText] = useParam("sort", otherwise);
  const down = !text.startsWith("-");
  const name = text.replace(/^-/, "") as K;
  const by = name in keys ? name : otherwise;
  const rows = useMemo(() => {
    const key = keys[by];
    const sorted = [...list].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      // What has no value is last, whichever way.
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      const order = typeof x === "string" && typeof y === "string" ? x.localeCompare(y) : Number(y) - Number(x);
      return down ? order : -order;
    });
    return sorted;
  }, [list, keys, by, down]);
  return { rows, by, down, set: (k) => setText(k === by && down ? `-${k}` : k, true) };
}

export function SortHead<T, K extends string>({
  sort,
  by,
  label,
  num,
  className = "",
}: {
  sort: Sort<T, K>;
  by: NoInfer<K>;
  label: string;
  num?: boolean;
  className?: string;
}) {
  const on = sort.by === by;
  return (
    <th
      className={`${num ? "num" : ""} ${className}`}
      aria-sort={on ? (sort.down ? "descending" : "ascending") : undefined}
    >
      <button type="button" className="sort" aria-pressed={on} onClick={() => sort.set(by)}>
        {label}
        {on && (sort.down ? <IconArrowDown size={12} /> : <IconArrowUp size={12} />)}
      </button>
    </th>
  );
}
