import { Button, Modal, Select, TextInput } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTime } from "../../time/TimeProvider";
import { Loading } from "../../ui/states";
import classes from "./Dashboard.module.css";
import { kinds, type Panel, type PanelKind, units } from "./model";
import { Answer } from "./PanelView";

const Editor = lazy(() => import("../sql/Editor"));

interface Props {
  panel: Panel;
  variables: Record<string, string>;
  onDone: (p: Panel) => void;
  onClose: () => void;
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ value: String(from + i), label: String(from + i) }));

/** PanelEditor changes a panel, and shows what its query gives. */
export function PanelEditor({ panel, variables, onDone, onClose }: Props) {
  const { range } = useTime();
  const [draft, setDraft] = useState(panel);
  const [shown, setShown] = useState(panel.query);
  const set = (changes: Partial<Panel>) => setDraft((d) => ({ ...d, ...changes }));
  return (
    <Modal
      opened
      onClose={onClose}
      title="Panel"
      size="xl"
      closeButtonProps={{ "aria-label": "Close" }}
      closeOnEscape={false}
    >
      <div className={classes.form}>
        <TextInput
          label="Title"
          value={draft.title}
          maxLength={200}
          onChange={(e) => set({ title: e.currentTarget.value })}
          data-autofocus
        />
        <div className={classes.fields}>
          <Select label="Show as" value={draft.kind} onChange={(v) => set({ kind: v as PanelKind })} data={kinds} />
          <Select
            label="Unit"
            value={draft.unit}
            onChange={(v) => set({ unit: (v ?? "") as Panel["unit"] })}
            data={units}
          />
          <Select
            label="Width of 12"
            value={String(draft.width)}
            onChange={(v) => set({ width: Number(v) })}
            data={numbers(2, 12)}
          />
          <Select
            label="Height"
            value={String(draft.height)}
            onChange={(v) => set({ height: Number(v) })}
            data={numbers(1, 4)}
          />
        </div>
        <div className={classes.sql}>
          <Suspense fallback={<Loading what="Loading the editor" />}>
            <Editor
              text={draft.query}
              range={range}
              params={variables}
              onChange={(query) => set({ query })}
              onRun={() => setShown(draft.query)}
              error={undefined}
              name="Query of the panel"
            />
          </Suspense>
        </div>
        <div className={classes.buttons}>
          <Button onClick={() => setShown(draft.query)}>Preview</Button>
          <span className="grow" />
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="filled" onClick={() => onDone(draft)}>
            Done
          </Button>
        </div>
        <div className={classes.preview} data-table={draft.kind === "table" || undefined}>
          <Answer panel={{ ...draft, query: shown }} variables={variables} height={220} />
        </div>
      </div>
    </Modal>
  );
}
