import { ActionIcon, Button, Popover, Select, TextInput } from "@mantine/core";
import { IconTrash, IconVariable } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask, rangeParams } from "../../api/ask";
import { useTime } from "../../time/TimeProvider";
import classes from "./Dashboard.module.css";
import type { Variable } from "./model";

/** Choose is a variable's value, chosen of what its query gives. */
export function Choose({
  variable,
  value,
  onChange,
}: {
  variable: Variable;
  value: string;
  onChange: (v: string) => void;
}) {
  const { range } = useTime();
  const q = useQuery({
    queryKey: ["variable", variable.query, range],
    queryFn: async ({ signal }) => {
      const r = await ask(variable.query, rangeParams(range), signal);
      return r.rows.map((row) => row[0]).filter((v) => v !== null && v !== undefined && v !== "");
    },
    enabled: variable.query.trim() !== "",
    meta: { quiet: true },
  });
  if (variable.query.trim() === "") {
    return (
      <TextInput
        aria-label={variable.name}
        placeholder={variable.name}
        value={value}
        onChange={(e) => onChange(e.currentTarget.value)}
        w={150}
      />
    );
  }
  const values = [...new Set([...(q.data ?? []).map(String), ...(value ? [value] : [])])];
  return (
    <Select
      aria-label={variable.name}
      value={value}
      onChange={(v) => onChange(v ?? "")}
      searchable
      error={q.error?.message}
      limit={200}
      w={170}
      data={[{ value: "", label: `${variable.name}: all` }, ...values]}
    />
  );
}

/** Edit is the list of variables, with what they are for. */
export function EditVariables({ list, onChange }: { list: Variable[]; onChange: (v: Variable[]) => void }) {
  const [open, setOpen] = useState(false);
  const set = (i: number, changes: Partial<Variable>) =>
    onChange(list.map((v, at) => (at === i ? { ...v, ...changes } : v)));
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button leftSection={<IconVariable size={14} />} onClick={() => setOpen(!open)}>
          Variables
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.variables}>
          <p className="dim">
            A variable is :name in queries. It is empty where all are meant, as in (:service = '' OR service =
            :service).
          </p>
          {list.map((v, i) => (
            <div key={i}>
              <TextInput
                label="Name"
                value={v.name}
                error={!/^[A-Za-z_]\w*$/.test(v.name) && "letters, digits and _"}
                onChange={(e) => set(i, { name: e.currentTarget.value })}
              />
              <TextInput
                label="Query of its values"
                value={v.query}
                placeholder="SELECT service FROM spans GROUP BY service"
                onChange={(e) => set(i, { query: e.currentTarget.value })}
              />
              <TextInput label="At first" value={v.value} onChange={(e) => set(i, { value: e.currentTarget.value })} />
              <ActionIcon
                aria-label={`Remove ${v.name}`}
                onClick={() => onChange(list.filter((_, at) => at !== i))}
                mb={3}
              >
                <IconTrash size={15} />
              </ActionIcon>
            </div>
          ))}
          <Button
            size="compact-xs"
            onClick={() => onChange([...list, { name: `variable${list.length + 1}`, query: "", value: "" }])}
          >
            Add a variable
          </Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
