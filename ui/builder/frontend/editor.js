// A TOML editor: findings at their places, Tab indents until Escape sets it free.
const TYPING_PAUSE_MS = 350;
const editors = new WeakMap();
let loading;

const load = () =>
  (loading ??= import(new URL("app/static/codemirror.js", document.baseURI).href));

const colours = (cm) =>
  cm.HighlightStyle.define([
    { tag: cm.tags.comment, color: "var(--toml-comment)", fontStyle: "italic" },
    { tag: cm.tags.string, color: "var(--toml-string)" },
    { tag: [cm.tags.number, cm.tags.bool, cm.tags.atom], color: "var(--toml-number)" },
    { tag: [cm.tags.propertyName, cm.tags.definition(cm.tags.propertyName)], color: "var(--toml-key)" },
    { tag: [cm.tags.bracket, cm.tags.squareBracket, cm.tags.brace], color: "var(--toml-bracket)" },
  ]);

// The table headers: legacy TOML calls them brackets or atoms, so whole lines are coloured instead.
const offset = (doc, line, column) => {
  if (line > doc.lines) return doc.length;
  const at = doc.line(Math.max(1, line));
  return Math.min(at.from + Math.max(0, column - 1), at.to);
};

const marks = (doc, findings, apply) =>
  findings
    .filter((finding) => finding.line)
    .map((finding) => {
      const from = offset(doc, finding.line, finding.column);
      const end = offset(doc, finding.end_line ?? finding.line, finding.end_column ?? 0);
      return {
        from,
        to: Math.max(from, end),
        severity: finding.severity,
        source: finding.code,
        message: finding.message,
        actions: finding.fix ? [{ name: finding.fix.title, apply: () => apply(finding.index) }] : [],
      };
    });

function create(cm, host, calls) {
  let timer;
  const state = { sequence: 0, revision: null, reveal: null, tabs: true };
  const send = (view, then) => {
    clearTimeout(timer);
    calls.setStateValue("draft", { text: view.state.doc.toString(), sequence: state.sequence, revision: state.revision });
    if (then) calls.setTriggerValue("check", Date.now());
  };
  const changed = cm.EditorView.updateListener.of((update) => {
    if (!update.docChanged || state.replacing) return;
    state.sequence += 1;
    clearTimeout(timer);
    timer = setTimeout(() => send(update.view), TYPING_PAUSE_MS);
  });
  const leave = () => {
    state.tabs = false;
    return false;
  };
  const indent = (command) => (view) => (state.tabs ? command(view) : false);
  const keys = [
    { key: "Mod-Enter", run: (view) => (send(view, true), true) },
    { key: "Escape", run: leave },
    { key: "Tab", run: indent(cm.indentMore), shift: indent(cm.indentLess) },
    { key: "F8", run: cm.nextDiagnostic },
    ...cm.defaultKeymap,
    ...cm.historyKeymap,
  ];
  const view = new cm.EditorView({
    parent: host,
    root: host.getRootNode(),
    state: cm.EditorState.create({
      extensions: [
        cm.lineNumbers(),
        cm.lintGutter(),
        cm.history(),
        cm.drawSelection(),
        cm.bracketMatching(),
        cm.highlightActiveLine(),
        cm.highlightActiveLineGutter(),
        cm.EditorView.lineWrapping,
        cm.StreamLanguage.define(cm.toml),
        cm.syntaxHighlighting(colours(cm)),
        cm.keymap.of(keys),
        changed,
        cm.EditorView.contentAttributes.of({
          "aria-label": "Workflow definition in TOML. Escape, then Tab leaves the editor.",
          spellcheck: "false",
        }),
        cm.EditorView.domEventHandlers({
          focus: () => void (state.tabs = true),
          blur: (_event, blurred) => timer && send(blurred),
        }),
      ],
    }),
  });
  return { view, state };
}

function replaceText(editor, data) {
  const { view, state } = editor;
  state.replacing = true;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: data.text } });
  state.replacing = false;
  state.revision = data.revision;
  state.sequence = 0;
}

function reveal(editor, cm, place) {
  const { view, state } = editor;
  if (!place || state.reveal === place.token) return;
  state.reveal = place.token;
  const at = offset(view.state.doc, place.line, place.column ?? 1);
  view.dispatch({ selection: { anchor: at }, effects: cm.EditorView.scrollIntoView(at, { y: "center" }) });
  view.focus();
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const host = parentElement.querySelector(".editor");
  const calls = { setStateValue, setTriggerValue };
  load().then((cm) => {
    let editor = editors.get(host);
    if (!editor) {
      host.replaceChildren();
      editor = create(cm, host, calls);
      editors.set(host, editor);
    }
    if (editor.state.revision !== data.revision) replaceText(editor, data);
    if (editor.state.sequence === data.sequence) {
      const apply = (index) => setTriggerValue("fix", index);
      const found = marks(editor.view.state.doc, data.findings, apply);
      editor.view.dispatch(cm.setDiagnostics(editor.view.state, found));
    }
    reveal(editor, cm, data.reveal);
  });
}
