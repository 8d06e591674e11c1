// The conversation and the evidence beside it. Answers come from the server as finished HTML; whatever else comes
// from a document or a person is set as text, never as markup.
const { question: MOST, history: EARLIER } = document.querySelector("meta[name=wenju]").dataset; // characters, questions
const PATIENCE = 90_000; // ms for an answer
const KEPT = 30; // answers that survive a reload
const PULSE = 2_000; // ms between looks whether the server is there, while an answer is awaited
const $ = (id) => document.getElementById(id);
const root = () => $("wenju");
const narrow = matchMedia("(max-width: 760px)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const reports = new Map(); // report id -> promise of its HTML
let turns = []; // what was answered: {question, citations, node}
let pending = null; // the question that is being answered: {question, node, ticket, since}
let tickets = 0;
let shown = null; // the evidence that is open: {turn, place}
let home = null; // the pane while nothing is open
let generation = null; // of the index that the page shows

// ---- asking ------------------------------------------------------------------------------------------------------

const box = () => document.querySelector("#box textarea");

function write(text) {
  const area = box();
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, text);
  area.dispatchEvent(new Event("input", { bubbles: true })); // Gradio listens to this
}

function hint(text) {
  $("hint")?.remove();
  const note = make("div", "", text);
  note.id = "hint";
  note.setAttribute("role", "alert");
  $("ask").append(note);
  box().addEventListener("input", () => note.remove(), { once: true });
}

/** Why the question in the box cannot be sent now; empty when it can. */
function obstacle() {
  if (pending) return "正在回答上一个问题";
  const text = box().value.trim();
  if (!/[\p{L}\p{N}]/u.test(text)) return "请输入问题";
  return [...text].length > MOST ? `问题太长：${[...text].length} 字，最多 ${MOST} 字` : "";
}

/** Before Gradio sends: shows the question, waits. Returns what is sent. */
function begin(question) {
  const history = turns.map((turn) => turn.question);
  const asked = make("div", "q", question.trim());
  const node = make("div", "turn");
  const wait = make("div", "wait", "正在查找依据");
  wait.append(make("i"), make("i"), make("i"));
  node.append(wait);
  $("welcome").hidden = true;
  $("turns").append(asked, node);
  $("turns").setAttribute("aria-busy", "true");
  root().setAttribute("data-busy", "");
  const ticket = ++tickets;
  pending = { question, asked, node, ticket, since: performance.now() };
  setTimeout(watch, PULSE, ticket);
  reveal(asked, "start");
  write("");
  return [question, JSON.stringify(history.slice(-EARLIER)), ticket]; // never an object: Gradio would interpret it
}

/** What the server is doing now, while an answer is awaited. */
function stage() {
  const said = $("stage").textContent.trim();
  const wait = pending?.node.querySelector(".wait");
  if (said && wait) wait.firstChild.data = said;
}

/** Gradio does not say that a connection is lost: ask the server itself, and do not wait for ever. */
async function watch(ticket) {
  if (pending?.ticket !== ticket) return;
  const there = await fetch("healthz", { cache: "no-store" }).then((r) => r.ok, () => false);
  if (pending?.ticket !== ticket) return;
  if (!there || performance.now() - pending.since > PATIENCE) fail();
  else setTimeout(watch, PULSE, ticket);
}

function finish(turn) {
  if (pending?.ticket !== turn.ticket) return; // given up meanwhile
  if (turn.generation !== generation) stock();
  if (turn.failed) return fail(turn.html);
  const { node } = settle(turn.html);
  const done = adopt(turn, node);
  if (narrow.matches) box().blur();
  if (done.citations.length) open(done, 0);
  else if (narrow.matches) sheet(false);
  reveal(node.previousElementSibling, "start");
}

/** What the index that answers now holds; a newer one may have come since the page was opened. */
async function stock() {
  const shelf = await fetch("api/shelf", { cache: "no-store" }).then((r) => (r.ok ? r.json() : null), () => null);
  if (!shelf) return;
  generation = shelf.generation;
  reports.clear();
  document.querySelector(".count").textContent = shelf.count;
  $("covered").innerHTML = shelf.welcome;
  home.list = shelf.reports;
  if (!shown) $("doc").innerHTML = home.list;
}

/** Takes an answer into the conversation; its card stands in `node`. */
function adopt(turn, node) {
  const done = { ...turn, node };
  turns.push(done);
  $("new").hidden = false;
  node.querySelector(".copy")?.addEventListener("click", (event) => copy(turn.copy, event.currentTarget));
  node.addEventListener("click", (event) => {
    const marker = event.target.closest("[data-marker]");
    if (marker) open(done, done.citations.findIndex((c) => c.marker === Number(marker.dataset.marker)));
  });
  return done;
}

/** Gradio loads the page anew when a lost connection is back: the conversation and what was typed stay. */
function keep() {
  const draft = box()?.value.trim() || pending?.question || "";
  const said = turns.slice(-KEPT).map(({ node, ...turn }) => turn);
  try {
    sessionStorage.setItem("wenju", JSON.stringify({ draft, said }));
  } catch {
    sessionStorage.removeItem("wenju"); // too much to keep
  }
}

function restore() {
  const { draft = "", said = [] } = JSON.parse(sessionStorage.getItem("wenju") ?? "{}");
  for (const turn of said) {
    const node = make("div", "turn");
    node.innerHTML = turn.html;
    $("turns").append(make("div", "q", turn.question), node);
    adopt(turn, node);
  }
  if (said.length) $("welcome").hidden = true;
  const last = turns.at(-1);
  if (last?.citations.length) open(last, 0);
  if (last) reveal(last.node.previousElementSibling, "start");
  if (draft) write(draft);
}

/** A quiet card; the question goes back into the box. */
function fail(html) {
  if (!pending) return;
  const { question } = settle(
    html ?? '<div class="a no err"><p>没能得到回答。</p><p class="has">服务暂时连不上或正忙。问题已放回输入框，可以再试一次。</p></div>',
  );
  if (!box().value.trim()) write(question);
  box().focus();
}

function settle(html) {
  const done = pending;
  done.node.innerHTML = html;
  pending = null;
  root().removeAttribute("data-busy");
  $("turns").removeAttribute("aria-busy");
  return done;
}

function restart() {
  turns = [];
  pending = shown = null;
  for (const node of [...$("turns").children]) if (node.id !== "welcome") node.remove();
  root().removeAttribute("data-busy");
  root().removeAttribute("data-evidence");
  $("welcome").hidden = false;
  $("new").hidden = true;
  document.querySelector(".step").hidden = true;
  $("evt").textContent = home.title;
  crumb(home.line, []);
  $("doc").innerHTML = home.list;
  delete $("doc").dataset.report;
  box().focus();
}

// ---- evidence ----------------------------------------------------------------------------------------------------

async function open(turn, place) {
  const citation = turn.citations[place];
  if (!citation) return;
  shown = { turn, place };
  root().setAttribute("data-evidence", "");
  sheet(true);
  point(turn, citation.marker);
  $("evt").textContent = citation.title;
  crumb(citation.origin, citation.section);
  step(place, turn.citations.length);
  if (await load(citation.report, () => shown?.turn === turn && shown.place === place)) lift(citation);
}

/** Puts a report into the pane unless it is there, or `wanted` says that another was opened meanwhile. */
async function load(report, wanted) {
  const doc = $("doc");
  const html = await fetched(report);
  if (!wanted()) return false;
  if (doc.dataset.report !== report) doc.innerHTML = html;
  if (html) doc.dataset.report = report;
  else delete doc.dataset.report;
  return true;
}

/** A report opened from the list, to be read from its beginning. */
async function read(line) {
  const id = line.dataset.report;
  shown = { report: id };
  $("evt").textContent = line.querySelector("b").textContent;
  crumb(line.querySelector("span").textContent, []);
  $("new").hidden = false;
  if (await load(id, () => shown?.report === id)) $("doc").scrollTop = 0;
}

function fetched(id) {
  if (!reports.has(id)) {
    const answer = fetch(`api/reports/${encodeURIComponent(id)}`).then((r) => (r.ok ? r.text() : Promise.reject(r.status)));
    reports.set(id, answer.catch(() => (reports.delete(id), "")));
  }
  return reports.get(id);
}

function lift(citation) {
  const doc = $("doc");
  doc.querySelectorAll(".hit").forEach((node) => node.classList.remove("hit"));
  doc.querySelectorAll("mark").forEach((node) => (node.replaceWith(...node.childNodes)));
  doc.normalize();
  doc.querySelector(".lost")?.remove();
  const same = [...doc.querySelectorAll("[data-id]")].filter((node) => node.dataset.id === citation.paragraph);
  const block = same.find((node) => !node.classList.contains("dup")) ?? same[0];
  if (!block) {
    const lost = make("p", "lost par hit", "报告原文现在取不到，这里是答案所引的原句：");
    lost.append(make("mark", "", citation.quote));
    doc.prepend(lost);
    doc.scrollTop = 0;
    return;
  }
  block.classList.add("hit");
  const first = highlight(block, citation.start, citation.end);
  reveal(block.offsetHeight > doc.clientHeight ? (first ?? block) : block, "center", doc);
}

/** Marks the characters [start, end) of a block: code points, as the server counts. Returns the first mark. */
function highlight(block, start, end) {
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  let at = 0;
  let first = null;
  for (const node of nodes) {
    const points = [...node.data];
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, points.length);
    at += points.length;
    if (from >= to) continue;
    const range = document.createRange();
    range.setStart(node, points.slice(0, from).join("").length);
    range.setEnd(node, points.slice(0, to).join("").length);
    const mark = make("mark");
    range.surroundContents(mark);
    first ??= mark;
  }
  return first;
}

function point(turn, marker) {
  document.querySelectorAll("#turns .on").forEach((node) => node.classList.remove("on"));
  for (const node of turn.node.querySelectorAll(`[data-marker="${marker}"]`)) node.classList.add("on");
}

function crumb(origin, path) {
  const line = $("crumb");
  line.replaceChildren(make("span", "", origin));
  if (path.length > 1) line.append(make("span", "path", ` › ${path.slice(0, -1).join(" › ")}`));
  if (path.length) line.append(origin || path.length > 1 ? " › " : "", make("b", "", path.at(-1)));
  line.title = [origin, ...path].filter(Boolean).join(" › ");
}

function step(place, count) {
  document.querySelector(".step").hidden = false;
  $("place").textContent = `依据 ${place + 1} / ${count}`;
  $("prev").disabled = place === 0;
  $("next").disabled = place === count - 1;
}

function sheet(isOpen) {
  root().setAttribute("data-sheet", isOpen ? "open" : "closed");
  $("sheet").setAttribute("aria-expanded", String(isOpen));
  $("sheet").setAttribute("aria-label", isOpen ? "收起依据" : "展开依据");
}

// ---- small things ------------------------------------------------------------------------------------------------

function make(tag, style = "", text = "") {
  const node = document.createElement(tag);
  if (style) node.className = style;
  node.textContent = text;
  return node;
}

function reveal(node, where, within = $("turns")) {
  const gap = where === "start" ? 16 : Math.max(0, (within.clientHeight - node.offsetHeight) / 2.6);
  const top = within.scrollTop + node.getBoundingClientRect().top - within.getBoundingClientRect().top - gap;
  within.scrollTo({ top, behavior: calm.matches ? "auto" : "smooth" });
}

async function copy(text, button) {
  const said = button.textContent;
  button.textContent = (await copied(text)) ? "已复制" : "没能复制，请手动选取";
  setTimeout(() => (button.textContent = said), 1800);
}

async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = document.body.appendChild(make("textarea", "", text)); // plain http on an intranet has no clipboard
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

// ---- listening ---------------------------------------------------------------------------------------------------

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "Escape" && narrow.matches) sheet(false);
    if (event.key !== "Enter" || event.shiftKey || event.target !== box()) return;
    const composing = event.isComposing || event.keyCode === 229; // Enter chooses a word of the input method
    const why = composing ? "" : obstacle();
    if (why) hint(why);
    if (why) event.preventDefault();
    if (why || composing) event.stopPropagation();
  },
  true,
);
document.addEventListener(
  "click",
  (event) => {
    const target = event.target.closest?.("button, .evh");
    if (!target) return;
    if (target.id === "send") {
      const why = obstacle();
      if (why) hint(why);
      if (why) event.stopPropagation();
      if (why) box().focus();
    } else if (target.classList.contains("example")) {
      write(target.textContent);
      requestAnimationFrame(() => $("send").click());
    } else if (target.classList.contains("rep")) read(target);
    else if (target.id === "new") restart();
    else if (target.id === "prev") open(shown.turn, shown.place - 1);
    else if (target.id === "next") open(shown.turn, shown.place + 1);
    else if (target.id === "sheet" || (narrow.matches && target.classList.contains("evh"))) {
      sheet(root().getAttribute("data-sheet") === "closed");
    }
  },
  true,
);
document.addEventListener("focusin", (event) => {
  if (narrow.matches && event.target === box()) sheet(false); // room for the keyboard
});

/** Gradio draws the page after this script has run. */
function ready() {
  if (home || !$("doc") || !$("stage") || !box()) return;
  home = { title: $("evt").textContent, line: $("crumb").textContent, list: "" };
  stock();
  drawn.disconnect();
  new MutationObserver(stage).observe($("stage"), { childList: true, subtree: true, characterData: true });
  restore();
  if (!narrow.matches) box().focus();
}

/** Gradio sets the language of the browser; the page is Chinese, for its readers and for the choice of glyphs. */
function speakChinese() {
  const html = document.documentElement;
  if (html.lang !== "zh-CN") html.lang = "zh-CN";
}

new MutationObserver(speakChinese).observe(document.documentElement, { attributeFilter: ["lang"] });
speakChinese();
const drawn = new MutationObserver(ready);
drawn.observe(document, { childList: true, subtree: true });
ready();
addEventListener("pagehide", keep);
window.wenju = { begin, finish, fail };
