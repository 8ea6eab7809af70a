import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  snippetCompletion,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { SQLDialect, sql } from "@codemirror/lang-sql";
import { bracketMatching } from "@codemirror/language";
import { type Diagnostic, linter, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { useEffect, useImperativeHandle, useRef } from "react";
import { rangeParams, used } from "../../api/ask";
import { ApiError, query, type Value } from "../../api/client";
import { knownFields, values } from "../../api/looking";
import { constant } from "../../api/sql";
import type { Range } from "../../time/range";
import { editorTheme } from "../../ui/editor";
import { placeAt } from "../../ui/filter/complete";
import { count } from "../../ui/format";
import { functions, keywords, tableOf, tables } from "./language";

const dialect = SQLDialect.define({
  keywords: keywords.join(" ").toLowerCase(),
  builtin: Object.keys(functions).join(" "),
  types: "int float string bool timestamp duration id bytes array map",
  operatorChars: "*+-%<>!=&|/~^",
  doubleQuotedStrings: false,
});

export interface Handle {
  focus: () => void;
  insert: (text: string) => void;
}

interface Props {
  text: string;
  range: Range;
  /** Parameters besides those of the range. */
  params?: Record<string, Value>;
  onChange: (text: string) => void;
  onRun: () => void;
  /** What the last run failed with: it is marked under the word. */
  error: unknown;
  handle?: React.Ref<Handle>;
  name?: string;
}

/** Editor is where SQL is written. */
export default function Editor({ text, range, params, onChange, onRun, error, handle, name = "SQL" }: Props) {
  const at = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ range, onChange, onRun, params });
  latest.current = { range, onChange, onRun, params };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new text is put in below
  useEffect(() => {
    const made = new EditorView({
      parent: at.current!,
      state: EditorState.create({
        doc: text,
        extensions: [
          Prec.highest(
            keymap.of([
              {
                key: "Mod-Enter",
                run: () => {
                  latest.current.onRun();
                  return true;
                },
              },
              { key: "Tab", run: acceptCompletion },
              {
                // Tab indents, so there is a way out by the keyboard.
                key: "Escape",
                run: (v) => {
                  v.contentDOM.blur();
                  return true;
                },
              },
            ]),
          ),
          lineNumbers(),
          history(),
          bracketMatching(),
          closeBrackets(),
          sql({ dialect, upperCaseKeywords: true }),
          autocompletion({ override: [(c) => complete(c, latest.current.range)], icons: false }),
          linter(
            (v) => check(v.state.doc.toString(), { ...rangeParams(latest.current.range), ...latest.current.params }),
            {
              delay: 700,
            },
          ),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
          placeholder("SELECT … FROM spans, logs or metrics"),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": name }),
          EditorView.updateListener.of((u) => u.docChanged && latest.current.onChange(u.state.doc.toString())),
          editorTheme,
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [name]);

  useEffect(() => {
    const v = view.current;
    if (!v || v.state.doc.toString() === text) return;
    v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text }, selection: { anchor: text.length } });
  }, [text]);

  useEffect(() => {
    const v = view.current;
    if (!v || !(error instanceof ApiError)) return;
    v.dispatch(setDiagnostics(v.state, diagnosticsOf(v.state.doc.toString(), error)));
  }, [error]);

  useImperativeHandle(handle, () => ({
    focus: () => view.current?.focus(),
    insert: (t) => {
      const v = view.current;
      if (!v) return;
      v.dispatch(v.state.replaceSelection(t));
      v.focus();
    },
  }));
  return <div ref={at} data-editor />;
}

/** check asks for the plan of a query, which finds what is wrong with it and reads no row. */
async function check(text: string, params: Record<string, Value>): Promise<Diagnostic[]> {
  if (text.trim() === "" || /^\s*EXPLAIN\b/i.test(text)) return [];
  try {
    await query(`EXPLAIN\n${text}`, used(text, params));
    return [];
  } catch (err) {
    if (!(err instanceof ApiError) || err.status !== 400 || !err.line) return [];
    return diagnosticsOf(text, err, 1);
  }
}

/** diagnosticsOf marks the word at which a query is at fault. */
function diagnosticsOf(text: string, err: ApiError, before = 0): Diagnostic[] {
  const message = err.message.replace(/^query: (line \d+, column \d+: )?/, "");
  if (!err.line || !err.column) return [];
  const lines = text.split("\n");
  const row = Math.min(err.line - before, lines.length) - 1;
  if (row < 0) return [];
  const start = lines.slice(0, row).reduce((n, l) => n + l.length + 1, 0) + toUnits(lines[row]!, err.column - 1);
  const from = Math.min(start, text.length);
  const word = /^(?:[\w.]+|'[^']*'?|"[^"]*"?|\S)/u.exec(text.slice(from))?.[0] ?? "";
  const to = Math.min(text.length, from + Math.max(word.length, 1));
  // At the end of the text nothing is left to be marked but what is before it.
  return [{ from: from === to ? Math.max(0, from - 1) : from, to, severity: "error", message }];
}

// Columns count characters, the editor UTF-16 units.
const toUnits = (line: string, characters: number): number => [...line].slice(0, characters).join("").length;

async function complete(c: CompletionContext, range: Range): Promise<CompletionResult | null> {
  const before = c.state.sliceDoc(0, c.pos);
  const signal = tableOf(c.state.doc.toString());
  const stop = new AbortController();
  c.addEventListener("abort", () => stop.abort());
  const from = /\bFROM\s+(\w*)$/i.exec(before);
  if (from) {
    return {
      from: c.pos - from[1]!.length,
      options: tables.map((label) => ({ label, type: "class", detail: "table" })),
    };
  }
  const param = /:(\w*)$/.exec(before);
  if (param && !/::\w*$/.test(before)) {
    return {
      from: c.pos - param[1]!.length,
      options: [
        { label: "from", detail: "start of the range" },
        { label: "to", detail: "its end" },
        { label: "step", detail: "a width of buckets" },
      ],
    };
  }
  const place = placeAt(before);
  if (!place) return null;
  try {
    if (place.kind === "value") {
      const found = await values({ range, signal }, place.key, place.text, 30, stop.signal);
      const closes = c.state.sliceDoc(c.pos, c.pos + 1) === "'" ? 1 : 0;
      return {
        from: place.from,
        to: c.pos + (place.quoted ? closes : 0),
        filter: false,
        options: found.values
          .filter((v) => v.value !== null)
          .map((v) => ({ label: constant(v.value).slice(0, 80), apply: constant(v.value), detail: count(v.count) })),
      };
    }
    if (place.text === "" && !c.explicit) return null;
    const known = await knownFields(signal, "", 1000, stop.signal);
    return {
      from: place.from,
      validFor: /^[\w."[\]']*$/,
      options: [
        ...known.fields.map((f) => ({
          label: f.key,
          detail: `${f.types[0] ?? ""}${f.place === "record" || f.place === "column" ? "" : ` · ${f.place}`}`,
          boost: f.place === "column" ? 3 : 2,
        })),
        ...Object.entries(functions).map(([label, detail]) =>
          snippetCompletion(detail.startsWith("()") ? `${label}()` : `${label}(\${})`, { label, detail, boost: 1 }),
        ),
        ...keywords.map((label) => ({ label, type: "keyword" })),
      ],
    };
  } catch {
    return null;
  }
}
