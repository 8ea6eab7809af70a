import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  completionKeymap,
  completionStatus,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { StandardSQL, sql } from "@codemirror/lang-sql";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder as placeholderOf } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { type Asked, knownFields, values } from "../../api/looking";
import { constant } from "../../api/sql";
import { editorTheme } from "../editor";
import { count } from "../format";
import { functions, keywords, placeAt } from "./complete";

interface Props {
  asked: Asked;
  onEnter: (condition: string) => void;
  placeholder: string;
  /** text is put into the editor when it changes, to edit a condition that was chosen. */
  text?: string;
}

/** ConditionInput is a line in which a condition is typed, with completion of names and values. */
export default function ConditionInput({ asked, onEnter, placeholder, text = "" }: Props) {
  const at = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef({ asked, onEnter });
  latest.current = { asked, onEnter };

  useEffect(() => {
    const enter = (v: EditorView) => {
      // It does not accept one that has just opened, which nobody can have meant.
      if (completionStatus(v.state) === "active" && acceptCompletion(v)) return true;
      const condition = v.state.doc.toString().trim();
      if (condition !== "") latest.current.onEnter(condition);
      v.dispatch({ changes: { from: 0, to: v.state.doc.length } });
      return true;
    };
    const made = new EditorView({
      parent: at.current!,
      state: EditorState.create({
        extensions: [
          // One line: what is pasted with several becomes one.
          EditorState.transactionFilter.of((tr) =>
            tr.newDoc.lines > 1
              ? [
                  {
                    changes: {
                      from: 0,
                      to: tr.startState.doc.length,
                      insert: tr.newDoc.toString().replace(/\s*\n\s*/g, " "),
                    },
                  },
                ]
              : tr,
          ),
          Prec.highest(
            keymap.of([
              { key: "Enter", run: enter },
              { key: "Tab", run: acceptCompletion },
              {
                key: "Escape",
                run: (v) => {
                  if (completionStatus(v.state)) return false;
                  v.contentDOM.blur();
                  return true;
                },
              },
            ]),
          ),
          history(),
          closeBrackets(),
          sql({ dialect: StandardSQL, upperCaseKeywords: true }),
          autocompletion({
            override: [(c) => complete(c, latest.current.asked)],
            icons: false,
            activateOnTyping: true,
          }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          placeholderOf(placeholder),
          EditorView.contentAttributes.of({ "aria-label": "Condition" }),
          editorTheme,
        ],
      }),
    });
    // What is written is the way into it, not what scrolls.
    made.scrollDOM.tabIndex = 0;
    made.scrollDOM.addEventListener("focus", () => made.focus());
    view.current = made;
    return () => made.destroy();
  }, [placeholder]);

  useEffect(() => {
    const v = view.current;
    if (!v || text === "") return;
    v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text }, selection: { anchor: text.length } });
    v.focus();
  }, [text]);

  return <div ref={at} className="grow" data-condition />;
}

async function complete(c: CompletionContext, asked: Asked): Promise<CompletionResult | null> {
  const place = placeAt(c.state.sliceDoc(0, c.pos));
  if (!place) return null;
  const stop = new AbortController();
  c.addEventListener("abort", () => stop.abort());
  try {
    if (place.kind === "value") {
      const found = await values({ ...asked, where: undefined }, place.key, place.text, 30, stop.signal);
      const closes = c.state.sliceDoc(c.pos, c.pos + 1) === "'" ? 1 : 0;
      return {
        from: place.from,
        to: c.pos + (place.quoted ? closes : 0),
        filter: false,
        options: found.values
          .filter((v) => v.value !== null)
          .map((v) => ({ label: short(constant(v.value)), apply: `${constant(v.value)} `, detail: count(v.count) })),
      };
    }
    if (place.text === "" && !c.explicit) return null;
    const known = await knownFields(asked.signal ?? "spans", place.text.replaceAll('"', ""), 100, stop.signal);
    return {
      from: place.from,
      options: [
        ...known.fields.map((f) => ({
          label: f.key,
          detail: `${f.types[0] ?? ""}${f.place === "record" || f.place === "column" ? "" : ` · ${f.place}`}`,
          boost: f.place === "column" ? 2 : f.place === "record" ? 1 : 0,
          apply: (v: EditorView, _: unknown, from: number, to: number) => {
            v.dispatch({ changes: { from, to, insert: `${f.key} ` }, selection: { anchor: from + f.key.length + 1 } });
          },
        })),
        ...keywords.map((label) => ({ label, type: "keyword", apply: `${label} ` })),
        ...functions.map((label) => ({ label, type: "function", apply: `${label}(` })),
      ],
    };
  } catch {
    return null; // the condition itself will say what is wrong
  }
}

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
