import { ActionIcon, Button, CloseButton } from "@mantine/core";
import { IconFilter, IconX } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import type { Asked } from "../../api/looking";
import { useKeys } from "../keys";
import classes from "./filter.module.css";
import type { Filters } from "./useFilters";

const ConditionInput = lazy(() => import("./ConditionInput"));

const examples = {
  spans: "duration > 100ms AND http.route = '/cart'",
  logs: "level = 'ERROR' AND contains(body, 'timeout')",
  metrics: "http.route = '/cart'",
};

/** FilterBar is where conditions are typed, and those that hold. */
export function FilterBar({ filters, asked, children }: { filters: Filters; asked: Asked; children?: ReactNode }) {
  const [edited, setEdited] = useState("");
  useKeys([
    {
      keys: "/",
      label: "Type a condition",
      run: () => document.querySelector<HTMLElement>("[data-condition] .cm-content")?.focus(),
      group: "Filter",
    },
    { keys: "X", label: "Clear the filters", run: filters.clear, group: "Filter" },
  ]);
  return (
    <div className={classes.bar}>
      {children}
      <div className={classes.input}>
        <IconFilter size={15} aria-hidden className={classes.icon} />
        {filters.terms.map((t) => (
          <span key={t} className={classes.chip}>
            <button
              type="button"
              title="Edit"
              className="mono ellipsis"
              onClick={() => {
                filters.remove(t);
                setEdited(t);
              }}
            >
              {t.length > 120 ? `${t.slice(0, 119)}…` : t}
            </button>
            <CloseButton
              size={16}
              iconSize={12}
              aria-label={`Remove ${t.slice(0, 80)}`}
              onClick={() => filters.remove(t)}
            />
          </span>
        ))}
        <Suspense fallback={<span className="grow dim">…</span>}>
          <ConditionInput
            asked={asked}
            text={edited}
            placeholder={filters.terms.length > 0 ? "and …" : `Condition, such as ${examples[asked.signal ?? "spans"]}`}
            onEnter={(t) => {
              setEdited("");
              filters.add(t);
            }}
          />
        </Suspense>
        {filters.terms.length > 1 && (
          <ActionIcon size="sm" aria-label="Clear the filters" onClick={filters.clear}>
            <IconX size={14} />
          </ActionIcon>
        )}
      </div>
    </div>
  );
}

export function FilterButton({ onClick, open }: { onClick: () => void; open: boolean }) {
  return (
    <Button className={classes.toggle} aria-expanded={open} onClick={onClick} leftSection={<IconFilter size={14} />}>
      Facets
    </Button>
  );
}
