import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "./theme";

/** editorTheme is how all editors look: the page's own colours, by its variables. */
export const editorTheme = [
  EditorView.cspNonce.of(nonce),
  EditorView.theme({
    "&": { fontSize: "0.8125rem", color: "var(--text)", backgroundColor: "transparent" },
    "&.cm-focused": { outline: "none" },
    ".cm-content": {
      fontFamily: "var(--mono)",
      caretColor: "var(--accent)",
      fontVariantLigatures: "none",
      padding: "5px 0",
    },
    ".cm-line": { padding: "0 2px" },
    ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
    "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft) !important" },
    ".cm-placeholder": { color: "var(--dim)", fontFamily: "'Inter Variable', sans-serif" },
    ".cm-gutters": { backgroundColor: "transparent", color: "var(--dim)", border: "none" },
    ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
    ".cm-tooltip": {
      background: "var(--panel)",
      border: "1px solid var(--line-strong)",
      borderRadius: "6px",
      boxShadow: "var(--shadow)",
      overflow: "hidden",
    },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "300px", minWidth: "260px" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
      padding: "3px 10px",
      display: "flex",
      justifyContent: "space-between",
      gap: "18px",
      lineHeight: "1.5",
    },
    ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent-soft)", color: "var(--text)" },
    ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
    ".cm-completionDetail": { fontStyle: "normal", color: "var(--dim)", fontSize: "0.75rem", margin: "0" },
    ".cm-matchingBracket": { backgroundColor: "var(--accent-soft) !important", outline: "none" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.keyword, color: "var(--accent)", fontWeight: "500" },
      { tag: [tags.string, tags.special(tags.string)], color: "var(--warn)" },
      { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
      { tag: tags.comment, color: "var(--dim)", fontStyle: "italic" },
      { tag: tags.operator, color: "var(--dim)" },
    ]),
  ),
];
