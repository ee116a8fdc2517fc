// The browser side of the live inspector. What a sender sent is only ever set as text: no markup, no address, no style.
// The kernel masks secrets and marks unseen characters before anything comes here.

const ROW = 28; // pixels, as in the style sheet
const HEADS = 26; // those of the list's own heads, which stay on top of it
const PAGE = 100; // rows of the list in one answer
const KEPT = 40; // pages of rows in memory; others are asked for again when they are scrolled to
const SLOW = 1200; // milliseconds after which a question is said to wait
const SIGNS = { succeeded: "✓", failed: "✗", dead: "⊘", running: "↻", pending: "…" };
const STATUSES = ["pending", "running", "succeeded", "failed", "dead"];
const BODY = -1;
const ENDED = "The kernel of this inspector has ended: run its cell again";
const number = new Intl.NumberFormat("en");

/** An element of our own making: `names` are classes, `text` is shown as it is, `on` are listeners, all else attributes. */
function make(tag, { names, text, on, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (names) element.className = names;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child != null));
  return element;
}

const button = (text, listener, attributes = {}) =>
  make("button", { type: "button", names: "pfi-button", text, on: { click: listener }, ...attributes });

/** With `since`, the time of `performance.now` at which it began, the word says for how long, and counts on. */
function status(word, tone = word, since = undefined) {
  const sign = make("span", { names: "pfi-sign", text: SIGNS[tone] ?? "–", "aria-hidden": "true" });
  const said = make("span", { text: word });
  if (since !== undefined) {
    said.className = "pfi-lasting";
    said.lasting = { word, since };
    count(said);
  }
  return make("span", { names: `pfi-status pfi-${SIGNS[tone] ? tone : "none"}` }, sign, said);
}

function count(said) {
  const seconds = Math.floor((performance.now() - said.lasting.since) / 1000);
  const text = seconds < 1 ? said.lasting.word : `${said.lasting.word} for ${number.format(seconds)} s`;
  if (said.textContent !== text) said.textContent = text;
}

const begun = (seconds) => (typeof seconds === "number" ? performance.now() - 1000 * seconds : undefined);

/** The row of the list, which has just come, with the time at which its run began. */
const timed = (row) => Object.assign(row, { since: begun(row.running) });

function clock(milliseconds) {
  if (typeof milliseconds !== "number") return "–";
  const time = new Date(milliseconds);
  const hours = time.toLocaleTimeString("en-GB");
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? hours : `${time.toLocaleDateString("en-GB", { day: "2-digit", month: "short" })} ${hours}`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not over plain HTTP, and not in every embedder's frame.
    const area = make("textarea", { names: "pfi-unseen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Questions to the kernel and what it tells, over the widget's comm. */
class Line {
  constructor(model, told, slow) {
    this.name = crypto.randomUUID?.() ?? String(Math.random());
    this.model = model;
    this.told = told;
    this.slow = slow;
    this.count = 0;
    this.open = new Map();
    this.hear = this.hear.bind(this);
    this.check = () => this.send("here");
    model.on("msg:custom", this.hear);
    model.on("comm_live_update", this.check);
  }

  /** The question's number. */
  send(ask, given = {}) {
    this.count++;
    try {
      this.model.send({ viewer: this.name, number: this.count, ask, with: given });
    } catch {
      this.hasEnded = true;
      this.told({ told: "problem", message: ENDED });
    }
    return this.count;
  }

  ask(ask, given) {
    return new Promise((resolve, reject) => {
      const asked = this.send(ask, given);
      if (this.hasEnded) reject(new Error(ENDED));
      else this.open.set(asked, { resolve, reject, timer: setTimeout(() => this.slow(true), SLOW) });
    });
  }

  hear(message, buffers) {
    if (message.viewer !== this.name) return;
    if (message.told) {
      this.here ??= setTimeout(() => { this.here = undefined; this.check(); }, 1000);
      this.told(message);
      return;
    }
    const question = this.open.get(message.number);
    if (!question) return;
    clearTimeout(question.timer);
    this.open.delete(message.number);
    this.slow(false);
    if (message.error !== undefined) question.reject(new Error(message.error));
    else question.resolve([message.value, buffers ?? []]);
  }

  close() {
    clearTimeout(this.here);
    for (const question of this.open.values()) clearTimeout(question.timer);
    this.model.off("msg:custom", this.hear);
    this.model.off("comm_live_update", this.check);
    this.send("close");
  }
}

/** The rows of the list, newest first, in pages of which only some are in memory. */
class Pages {
  constructor({ rows = [], next = null, total = null } = {}) {
    this.pages = [];
    this.known = new Map();
    this.total = total;
    this.count = 0;
    this.append({ rows, next });
  }

  append({ rows, next }) {
    this.next = next;
    if (!rows.length) return;
    this.pages.push({ first: rows[0].seq, last: rows.at(-1).seq, count: rows.length, rows });
    this.count += rows.length;
    for (const row of rows) this.known.set(row.id, timed(row));
  }

  /** `[page, index within it]` of each row from one index to another. */
  *between(from, to) {
    let start = 0;
    for (const page of this.pages) {
      for (let at = Math.max(0, from - start); at < page.count && start + at < to; at++) yield [page, at];
      start += page.count;
      if (start >= to) return;
    }
  }

  row(index) {
    for (const [page, at] of this.between(index, index + 1)) return page.rows?.[at];
    return undefined;
  }

  /** Where a row is, as far as it is in memory; -1 if it is not. */
  index(id) {
    let start = 0;
    for (const page of this.pages) {
      const at = page.rows?.findIndex((row) => row.id === id) ?? -1;
      if (at >= 0) return start + at;
      start += page.count;
    }
    return -1;
  }

  /** Takes a row that is new or has changed; the index at which it was put in, or -1. */
  place(row) {
    timed(row);
    const same = this.known.get(row.id);
    if (same) {
      Object.assign(same, row);
      return -1;
    }
    let start = 0;
    for (const page of this.pages) {
      if (row.seq > page.last || (page === this.pages.at(-1) && this.next === null)) {
        return this.put(page, row, start);
      }
      start += page.count;
    }
    if (!this.pages.length) {
      this.append({ rows: [row], next: null });
      this.total = (this.total ?? 0) + 1;
      return 0;
    }
    return -1;
  }

  put(page, row, start) {
    if (!page.rows) return -1; // It is counted there, and comes with its page.
    const at = page.rows.findIndex((other) => other.seq < row.seq);
    const index = at < 0 ? page.count : at;
    page.rows.splice(index, 0, row);
    page.count++;
    this.count++;
    if (this.total !== null) this.total++;
    page.first = page.rows[0].seq;
    page.last = page.rows.at(-1).seq;
    this.known.set(row.id, row);
    if (page.count > 2 * PAGE) this.split(page);
    return start + index;
  }

  remove(id) {
    if (!this.known.delete(id)) return;
    const page = this.pages.find(({ rows }) => rows?.some((row) => row.id === id));
    page.rows = page.rows.filter((row) => row.id !== id);
    page.count--;
    this.count--;
    if (this.total !== null) this.total--;
  }

  split(page) {
    const rows = page.rows.splice(PAGE);
    page.count = PAGE;
    page.last = page.rows.at(-1).seq;
    const rest = { first: rows[0].seq, last: rows.at(-1).seq, count: rows.length, rows };
    this.pages.splice(this.pages.indexOf(page) + 1, 0, rest);
  }

  fill(page, rows) {
    this.count += rows.length - page.count;
    page.rows = rows;
    page.count = rows.length;
    for (const row of rows) this.known.set(row.id, timed(row));
  }

  /** Forget what is far from an index. The first page stays: new rows are put into it. */
  forget(index) {
    const loaded = this.pages.filter((page) => page.rows);
    if (loaded.length <= KEPT) return;
    let start = 0;
    for (const [place, page] of this.pages.entries()) {
      const isFar = Math.abs(start + page.count / 2 - index) > (KEPT / 2) * PAGE;
      if (place > 0 && page.rows && isFar) {
        for (const row of page.rows) this.known.delete(row.id);
        page.rows = null;
      }
      start += page.count;
    }
  }
}

/** The list: as many rows in the page as are seen, whatever there is to scroll through. */
class List {
  constructor(line, open, changed) {
    this.line = line;
    this.open = open;
    this.changed = changed;
    this.pages = new Pages();
    this.active = -1;
    this.pool = [];
    this.id = `pfi-${line.name.slice(0, 8)}`;
    this.space = make("div", { names: "pfi-space", role: "presentation" });
    this.empty = make("div", { names: "pfi-empty" });
    this.scroller = make("div", {
      names: "pfi-rows", role: "listbox", tabindex: "0", "aria-label": "Events, newest first",
      on: { scroll: () => this.draw(), keydown: (event) => this.key(event) },
    }, make("div", { names: "pfi-row pfi-heads", "aria-hidden": "true" },
      ...["Time", "Event key", "Method", "Size", "Deliveries"].map((text) => make("span", { text }))), this.space, this.empty);
    this.element = make("div", { names: "pfi-list" }, this.scroller);
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this.scroller);
  }

  reset(found, emptyText) {
    const chosen = this.pages.row(this.active)?.id;
    this.pages = new Pages(found);
    this.active = this.pages.index(chosen);
    this.loading = null;
    this.emptyText = emptyText;
    this.scroller.scrollTop = 0;
    this.draw();
  }

  /** How many of these rows are new. `gone` are the ids of those that the filter does not want any more. */
  take(rows, gone) {
    let added = 0;
    const chosen = this.pages.row(this.active)?.id;
    for (const id of gone) this.pages.remove(id);
    if (gone.length) this.active = this.pages.index(chosen);
    const wasAtTop = this.scroller.scrollTop < ROW;
    for (const row of [...rows].sort((a, b) => a.seq - b.seq)) {
      const index = this.pages.place(row);
      if (index < 0) continue;
      added++;
      row.isNew = true;
      if (index <= this.active) this.active++;
      if (!wasAtTop && index * ROW < this.scroller.scrollTop) this.shift = (this.shift ?? 0) + ROW;
    }
    this.draw();
    return added;
  }

  async more() {
    if (this.loading || this.pages.next === null) return;
    const pages = this.pages;
    this.loading = pages;
    try {
      const [found] = await this.line.ask("page", { before: pages.next });
      pages.append(found);
    } finally {
      if (this.loading === pages) this.loading = null;
    }
    if (pages === this.pages) this.draw(); // which asks for more, if more is seen
  }

  async refill(page) {
    if (page.asked) return;
    page.asked = true;
    const pages = this.pages;
    const rows = [];
    try {
      for (let before = page.first + 1; before !== null && rows.length < page.count; ) {
        const [found] = await this.line.ask("page", { before, limit: page.count - rows.length });
        rows.push(...found.rows);
        before = found.next;
      }
      pages.fill(page, rows);
    } finally {
      page.asked = false;
    }
    if (pages === this.pages) this.draw();
  }

  draw() {
    const { pages, scroller } = this;
    this.space.style.height = `${pages.count * ROW}px`;
    if (this.shift) {
      scroller.scrollTop += this.shift;
      this.shift = 0;
    }
    const from = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 4);
    const to = Math.min(pages.count, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + 4);
    let used = 0;
    for (const [page, at] of pages.between(from, to)) {
      if (!page.rows) this.refill(page).catch((error) => this.changed(error.message));
      this.show(this.pool[used] ?? this.grow(), from + used, page.rows?.[at]);
      used++;
    }
    for (const spare of this.pool.splice(used)) spare.remove();
    const current = this.pool.find((element) => element.index === this.active);
    if (current) scroller.setAttribute("aria-activedescendant", current.id);
    else scroller.removeAttribute("aria-activedescendant");
    this.empty.textContent = pages.count ? "" : pages.next === null ? this.emptyText : "Searching …";
    pages.forget((from + to) / 2);
    if (to > pages.count - PAGE / 2) this.more().catch((error) => this.changed(error.message));
    this.changed();
  }

  grow() {
    const element = make("div", { names: "pfi-row", role: "option", id: `${this.id}-${this.pool.length}` });
    element.addEventListener("click", () => this.choose(element.index));
    this.space.append(element);
    this.pool.push(element);
    return element;
  }

  show(element, index, row) {
    element.index = index;
    element.style.transform = `translateY(${index * ROW}px)`;
    element.setAttribute("aria-posinset", index + 1);
    element.setAttribute("aria-setsize", this.pages.total ?? -1);
    element.setAttribute("aria-selected", String(index === this.active));
    const seen = row ? `${row.id} ${row.state} ${row.deliveries.length} ${row.since !== undefined}` : "";
    if (element.seen === seen) return;
    element.seen = seen;
    element.classList.toggle("pfi-new", Boolean(row?.isNew));
    if (!row) {
      element.replaceChildren(make("span", { names: "pfi-quiet", text: "…" }));
      return;
    }
    row.isNew = false;
    element.replaceChildren(
      make("span", { names: "pfi-quiet", text: clock(row.time) }),
      make("code", { text: row.key, title: row.key }),
      make("code", { names: "pfi-quiet", text: row.method }),
      make("span", { names: "pfi-end" }, row.files
        ? make("span", { names: "pfi-clip", text: row.files === 1 ? "1 file" : `${row.files} files` }) : null,
      make("span", { text: row.size })),
      this.deliveries(row));
  }

  deliveries(row) {
    if (row.deliveries.length < 2) return status(row.state, row.tone, row.since);
    const title = row.deliveries.map((one) => `${one.listener}: ${one.status}`).join("\n");
    const signs = row.deliveries.slice(0, 6).map((one) => make("span", {
      names: `pfi-sign pfi-${SIGNS[one.status] ? one.status : "none"}`, text: SIGNS[one.status] ?? "–", "aria-hidden": "true",
    }));
    return make("span", { names: `pfi-status pfi-${row.tone}`, title }, ...signs, make("span", { text: row.state }));
  }

  choose(index) {
    const row = this.pages.row(index);
    if (!row) return;
    this.activate(index);
    this.open(row);
  }

  activate(index) {
    this.active = index;
    const top = index * ROW;
    const { scroller } = this;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else scroller.scrollTop = Math.max(scroller.scrollTop, top + ROW + HEADS - scroller.clientHeight);
    this.draw();
  }

  key(event) {
    const last = this.pages.count - 1;
    const screen = Math.max(1, Math.floor((this.scroller.clientHeight - HEADS) / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen, Home: -Infinity, End: Infinity };
    if (event.key in steps && last >= 0) {
      this.activate(Math.max(0, Math.min(last, this.active + steps[event.key])));
    } else if (event.key === "Enter" && this.active >= 0) {
      this.choose(this.active);
    } else {
      return;
    }
    event.preventDefault();
  }

  close() {
    this.sized.disconnect();
  }
}

/** A value that unfolds. `ask` gets the arguments that name it to the kernel. */
class Tree {
  constructor(line, named, { row, rows, size, hint }, say) {
    this.line = line;
    this.named = named;
    this.say = say;
    this.hint = hint;
    this.element = make("div", { names: "pfi-tree", role: "tree", "aria-label": "Fields", on: { keydown: (event) => this.key(event) } });
    if (row.kind === "object" || row.kind === "array") this.fill(this.element, [], row, { rows, size }, 1);
    else this.element.append(this.item(row, [], 1, false));
    this.element.querySelector("[role=treeitem]")?.setAttribute("tabindex", "0");
  }

  fill(group, place, parent, { rows, size }, level) {
    const from = group.childElementCount;
    rows.forEach((row, at) => group.append(this.item(row, [...place, from + at], level, parent.kind === "array")));
    if (from + rows.length >= size || !rows.length) return;
    const rest = size - from - rows.length;
    const next = make("div", { names: "pfi-node pfi-more", role: "treeitem", tabindex: "-1", "aria-level": level,
      text: `Show ${number.format(Math.min(rest, PAGE))} of ${number.format(rest)} more` });
    next.addEventListener("click", async () => {
      const found = await this.ask("children", { place, offset: group.childElementCount - 1 });
      if (!found) return;
      next.remove();
      this.fill(group, place, parent, found, level);
      this.focus(group.children[from + rows.length]);
    });
    group.append(next);
  }

  item(row, place, level, inArray) {
    const item = make("div", { names: "pfi-item" });
    const node = make("div", { names: "pfi-node", role: "treeitem", tabindex: "-1", "aria-level": level });
    node.style.setProperty("--pfi-level", level - 1);
    const unfolds = (row.kind === "object" || row.kind === "array") && row.size > 0;
    const sign = make("span", { names: "pfi-fold", "aria-hidden": "true" });
    node.append(sign);
    if (row.key !== null) node.append(make("code", { names: inArray ? "pfi-index" : "pfi-key", text: row.key }));
    node.append(this.value(row, place));
    if (row.expression) node.title = `Copy ${row.expression}`;
    if (unfolds) {
      node.setAttribute("aria-expanded", "false");
      sign.addEventListener("click", (event) => { event.stopPropagation(); this.toggle(node); });
      node.unfold = async () => {
        const found = await this.ask("children", { place, offset: 0 });
        if (!found) return;
        const group = make("div", { role: "group" });
        this.fill(group, place, row, found, level + 1);
        item.append(group);
      };
    }
    node.addEventListener("click", () => {
      this.focus(node);
      if (row.expression) copy(row.expression).then(() => this.say(`Copied ${row.expression}`));
      else if (unfolds) this.toggle(node);
      else if (this.hint) this.say(this.hint);
    });
    item.append(node);
    return item;
  }

  value(row, place) {
    if (row.kind === "object" || row.kind === "array") {
      const [open, close, noun] = row.kind === "object" ? ["{", "}", "field"] : ["[", "]", "item"];
      const text = row.size ? `${open} ${number.format(row.size)} ${noun}${row.size === 1 ? "" : "s"} ${close}` : open + close;
      return make("span", { names: "pfi-quiet", text: row.embedded ? `text with JSON: ${text}` : text });
    }
    const shown = make("code", { names: `pfi-value pfi-${row.kind}`, text: row.text });
    if (!row.cut) return shown;
    const whole = button(`show all ${number.format(row.size)} characters`, async (event) => {
      event.stopPropagation();
      const found = await this.ask("text", { place });
      if (!found) return;
      shown.textContent = found.text;
      whole.remove();
    }, { class: "pfi-button pfi-small" });
    return make("span", { names: "pfi-long" }, shown, whole);
  }

  async ask(what, given) {
    try {
      const [found] = await this.line.ask(what, { ...this.named, ...given });
      return found;
    } catch (error) {
      this.say(error.message);
      return undefined;
    }
  }

  async toggle(node, open = node.getAttribute("aria-expanded") === "false") {
    if (!node.unfold) return;
    node.setAttribute("aria-expanded", String(open));
    if (open && !node.nextElementSibling) await node.unfold();
  }

  focus(node) {
    const target = node?.matches("[role=treeitem]") ? node : node?.querySelector("[role=treeitem]");
    if (!target) return;
    this.element.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    target.setAttribute("tabindex", "0");
    target.focus();
  }

  key(event) {
    const node = event.target.closest("[role=treeitem]");
    if (!node || event.target !== node) return;
    const seen = [...this.element.querySelectorAll("[role=treeitem]")].filter((other) => other.offsetParent);
    const at = seen.indexOf(node);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: seen.length - 1 };
    const isOpen = node.getAttribute("aria-expanded") === "true";
    if (event.key in moves) this.focus(seen[moves[event.key]]);
    else if (event.key === "ArrowRight" && isOpen) this.focus(seen[at + 1]);
    else if (event.key === "ArrowRight") this.toggle(node, true);
    else if (event.key === "ArrowLeft" && isOpen) this.toggle(node, false);
    else if (event.key === "ArrowLeft") this.focus(node.parentElement.parentElement.previousElementSibling);
    else if (event.key === "Enter") node.click();
    else if (event.key === " ") this.toggle(node);
    else return;
    event.preventDefault();
  }
}

/** All of one event. */
class Detail {
  constructor(line, say, closed) {
    this.line = line;
    this.say = say;
    this.closed = closed;
    this.addresses = [];
    this.notes = new Map(); // what became of runs that were stopped here, by their numbers
    this.element = make("section", { names: "pfi-detail", "aria-label": "Event", tabindex: "-1" });
    this.element.hidden = true;
  }

  async show(row, tab = "Payload") {
    this.listsRefused = false;
    this.id = row.id;
    this.element.hidden = false;
    this.element.setAttribute("aria-busy", "true");
    try {
      const [event] = await this.line.ask("event", { id: row.id });
      if (this.id === event.id) this.draw(event, row, tab);
    } catch (error) {
      if (this.id === row.id) this.element.replaceChildren(this.head(row.key, row), this.hint(error.message));
    }
    this.element.removeAttribute("aria-busy");
  }

  /** What the webhooks refused. Nothing of it is an event. */
  async showRefused() {
    this.release();
    this.id = undefined;
    this.badge = undefined;
    this.listsRefused = true;
    this.element.hidden = false;
    try {
      const [found] = await this.line.ask("refused");
      if (this.listsRefused) this.drawRefused(found);
    } catch (error) {
      this.say(error.message);
    }
  }

  drawRefused({ rows, total }) {
    const heads = ["Time", "Reason", "Webhook", "Status", "Size", "Limit"];
    const cells = (tag, texts) => make("tr", {}, ...texts.map((text) => make(tag, { text })));
    const shown = rows.map((row) => cells("td", [clock(row.time), row.reason, row.webhook, row.status, row.size, row.limit]));
    const rest = total - rows.length;
    this.element.replaceChildren(
      make("div", { names: "pfi-head" }, make("span", { names: "pfi-title", text: "Refused requests" }),
        make("span", { names: "pfi-actions" },
          button("✕", () => this.closed(), { "aria-label": "Close the list", title: "Close (Esc)" }))),
      this.hint("Nothing of these requests is stored. As a rule, senders learn the reason only for what is malformed, too large or too often."),
      make("div", { names: "pfi-sheet pfi-reasons", tabindex: "0", role: "region", "aria-label": "Refused requests" },
        make("table", {}, make("thead", {}, cells("th", heads)), make("tbody", {}, ...shown))),
      ...(rest > 0 ? [make("p", { names: "pfi-quiet", text: `… ${number.format(rest)} more, which are only counted` })] : []));
  }

  /** The row of the open event has changed. */
  async refresh(row) {
    if (row.id !== this.id || !this.badge) return;
    this.badge.replaceChildren(this.state(row));
    const [found] = await this.line.ask("deliveries", { id: row.id });
    if (row.id === this.id) this.fillDeliveries(found.deliveries);
  }

  draw(event, row, tab) {
    this.release();
    const facts = [...event.facts, event.exact].map((text) => make("code", { text }));
    const ids = event.ids.map(([title, value]) =>
      make("span", {}, make("span", { names: "pfi-quiet", text: `${title} ` }), make("code", { text: value })));
    const headers = event.headersSize + event.querySize + event.path.length;
    this.deliveries = make("div", {});
    const panels = [
      ["Payload", "", () => this.payload(event)],
      ["Headers", headers, () => this.headers(event)],
      ["Files", event.filesSize, () => this.files(event)],
      ["Deliveries", event.deliveries.length, () => this.deliveries],
    ].filter(([name, size]) => name !== "Files" || size);
    this.fillDeliveries(event.deliveries);
    this.element.replaceChildren(
      this.head(event.key, row),
      make("div", { names: "pfi-facts" }, ...facts),
      make("div", { names: "pfi-facts pfi-ids" }, ...ids),
      ...this.tabs(panels, panels.some(([name]) => name === tab) ? tab : "Payload"));
  }

  state(row) {
    return status(row.state, row.tone, row.deliveries?.length === 1 ? row.since : undefined);
  }

  head(key, row) {
    this.badge = make("span", {}, this.state(row));
    return make("div", { names: "pfi-head" },
      make("code", { names: "pfi-title", text: key }), this.badge,
      make("span", { names: "pfi-actions" },
        button("↻ Replay", () => this.replay(row.id), { title: "Deliver this event to its listeners again" }),
        button("Copy URL", () => this.copyAddress(row.id), { title: "Copy the URL of its webhook, which contains the secret" }),
        button("✕", () => this.closed(), { "aria-label": "Close the event", title: "Close (Esc)" })));
  }

  tabs(panels, chosen) {
    const content = make("div", { names: "pfi-panel", role: "tabpanel", tabindex: "-1" });
    const tabs = panels.map(([name, size]) => make("button", { type: "button", names: "pfi-tab", role: "tab" },
      make("span", { text: name }), size === "" ? null : make("span", { names: "pfi-count", text: number.format(size) })));
    const choose = (at) => {
      tabs.forEach((tab, index) => {
        tab.setAttribute("aria-selected", String(index === at));
        tab.tabIndex = index === at ? 0 : -1;
      });
      this.tab = panels[at][0];
      content.setAttribute("aria-label", this.tab);
      content.replaceChildren(panels[at][2]());
    };
    tabs.forEach((tab, at) => {
      tab.addEventListener("click", () => choose(at));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = (at + step + tabs.length) % tabs.length;
        choose(next);
        tabs[next].focus();
        event.preventDefault();
      });
    });
    choose(panels.findIndex(([name]) => name === chosen));
    return [make("div", { names: "pfi-tabs", role: "tablist", "aria-label": "Parts of the event" }, ...tabs), content];
  }

  hint(text) {
    return text ? make("div", { names: "pfi-hint", role: "note", text }) : null;
  }

  payload(event) {
    const { payload } = event;
    const download = payload.hasBody ? button("Download body", (click) => this.download(click.target, event.id, BODY, "body")) : null;
    const note = make("div", { names: "pfi-note" },
      make("span", { names: "pfi-quiet", text: [{ json: "JSON", fields: "form fields" }[payload.kind] ?? payload.kind, payload.note]
        .filter(Boolean).join(", ").replace(/^nothing, /, "") }), download);
    if (payload.row) {
      const tree = new Tree(this.line, { id: event.id, file: BODY }, payload, this.say);
      return make("div", {}, this.hint(payload.hint), note, tree.element);
    }
    const shown = payload.text === undefined ? null : make("pre", { text: payload.text });
    const looked = payload.kind === "binary" ? this.preview(event.id, BODY) : shown;
    return make("div", {}, this.hint(payload.hint), note, looked);
  }

  headers(event) {
    const table = (title, pairs, size) => size === 0 ? null : make("div", {},
      make("h4", { text: title }),
      make("table", { names: "pfi-pairs", "aria-label": title }, make("tbody", {}, ...pairs.map((pair) => make("tr", {},
        make("th", { scope: "row" }, make("code", { text: pair.name })),
        make("td", {}, make("code", { names: pair.hidden ? "pfi-hidden" : "", text: pair.value })))))),
      size > pairs.length ? make("p", { names: "pfi-quiet", text: `… ${number.format(size - pairs.length)} more` }) : null);
    return make("div", {}, table("Path", event.path, event.path.length), table("Query", event.query, event.querySize),
      table("Headers", event.headers, event.headersSize));
  }

  files(event) {
    const shown = event.files.map((file, index) => {
      const place = make("div", { names: "pfi-preview" });
      const look = button("Preview", () => { look.remove(); place.append(this.preview(event.id, index)); });
      const card = make("article", { names: "pfi-file", "aria-label": file.name },
        make("div", { names: "pfi-note" },
          make("code", { names: "pfi-title", text: file.name }),
          make("span", { names: "pfi-actions" }, look,
            button("Download", (click) => this.download(click.target, event.id, index, file.name)))),
        make("div", { names: "pfi-facts" }, ...[file.type, file.size, `field ${file.field}`].map((text) => make("code", { text })),
          make("code", { names: "pfi-sum", text: `sha256 ${file.sha256}`, title: file.sha256 })),
        place);
      if (index < 4) look.click();
      return card;
    });
    const rest = event.filesSize - shown.length;
    return make("div", {}, ...shown, rest > 0 ? make("p", { text: `… ${number.format(rest)} more` }) : null);
  }

  preview(id, file) {
    const place = make("div", { names: "pfi-quiet", text: "…" });
    this.line.ask("preview", { id, file }).then(
      ([found, buffers]) => {
        place.className = "";
        place.replaceChildren(this.seen(id, file, found, buffers), make("div", { names: "pfi-quiet", text: found.note }));
      },
      (error) => { place.textContent = error.message; });
    return place;
  }

  seen(id, file, found, buffers) {
    if (found.kind === "picture") {
      const address = URL.createObjectURL(new Blob(buffers, { type: found.type }));
      this.addresses.push(address);
      const picture = make("img", { alt: "preview", src: address });
      picture.addEventListener("error", () => picture.replaceWith(make("p", { text: "This picture is damaged." })));
      return picture;
    }
    if (found.kind === "table") {
      const cells = (tag, row) => make("tr", {}, ...row.map((text) => make(tag, { text })));
      return make("div", { names: "pfi-sheet", tabindex: "0", role: "region", "aria-label": "Table" }, make("table", {},
        make("thead", {}, cells("th", found.heads)), make("tbody", {}, ...found.rows.map((row) => cells("td", row)))));
    }
    if (found.kind === "tree") return new Tree(this.line, { id, file }, found, this.say).element;
    return make("pre", { text: found.text });
  }

  fillDeliveries(deliveries) {
    const rows = deliveries.map((one) => {
      const trace = make("div", { names: "pfi-trace" });
      return make("article", { names: "pfi-delivery", "aria-label": `${one.listener}: ${one.status}` },
        make("div", { names: "pfi-note" },
          make("code", { names: "pfi-title", text: one.listener }), status(one.status, one.status, begun(one.running)),
          make("span", { names: "pfi-quiet", text: one.attempts === 1 ? "1 attempt" : `${one.attempts} attempts` }),
          make("span", { names: "pfi-actions" },
            one.status === "running" ? button("■ Stop", (click) => this.stop(click.target, one.id), {
              class: "pfi-button pfi-stop", "aria-label": `Stop this run of ${one.listener}`,
              title: "Stop this run: it fails, and the next one follows" }) : null,
            button("Steps", (click) => { click.target.remove(); this.steps(trace, one.id); }),
            button("↻ Replay", () => this.replay(this.id, one.listener), { title: "Deliver the event to this listener again" }))),
        this.hint(this.notes.get(one.id)), one.error ? make("pre", { names: "pfi-error", text: one.error }) : null, trace);
    });
    const hadFocus = this.deliveries.contains(document.activeElement);
    if (!rows.length) rows.push(make("p", { names: "pfi-quiet", text: "No pipeline listened for this key when the event came." }));
    this.deliveries.replaceChildren(...rows);
    if (hadFocus) (this.deliveries.querySelector("button") ?? this.element).focus({ preventScroll: true });
  }

  async stop(source, delivery) {
    if (source.getAttribute("aria-disabled")) return;
    source.setAttribute("aria-disabled", "true"); // unlike `disabled`, this keeps the focus
    source.textContent = "Stopping …";
    try {
      const { id } = this;
      const [{ note }] = await this.line.ask("stop", { id, delivery });
      this.say(note || "Stopped");
      if (note) this.notes.set(delivery, note);
      const [found] = await this.line.ask("deliveries", { id });
      if (id === this.id) this.fillDeliveries(found.deliveries);
    } catch (error) {
      this.say(error.message);
      source.removeAttribute("aria-disabled");
      source.textContent = "■ Stop";
    }
  }

  async steps(place, delivery) {
    try {
      const [found] = await this.line.ask("steps", { id: this.id, delivery });
      const part = (title, text) => !text ? null :
        make("details", {}, make("summary", { text: title }), make("pre", { text }));
      const rows = found.steps.map((step) => {
        const shown = make("div", { names: "pfi-step" },
          make("span", { names: "pfi-quiet", text: step.number ?? "" }),
          make("div", {},
            make("div", { names: "pfi-note" }, make("code", { text: step.command }),
              make("span", { names: "pfi-quiet", text: `${step.where} · ${step.milliseconds.toFixed(1)} ms` })),
            step.error ? make("pre", { names: "pfi-error", text: step.error }) : null,
            part("input", step.input), part("output", step.output)));
        shown.style.setProperty("--pfi-level", Number(step.depth));
        return shown;
      });
      const rest = found.size - rows.length;
      if (rest > 0) rows.push(make("p", { names: "pfi-quiet", text: `… ${number.format(rest)} more steps` }));
      place.replaceChildren(...(rows.length ? rows : [make("p", { names: "pfi-quiet", text: "No steps are recorded." })]));
    } catch (error) {
      place.textContent = error.message;
    }
  }

  async replay(id, listener = null) {
    try {
      const [found] = await this.line.ask("replay", { id, listener });
      this.say(found.deliveries === 1 ? "Delivered again to 1 listener" : `Delivered again to ${found.deliveries} listeners`);
    } catch (error) {
      this.say(error.message);
    }
  }

  async copyAddress(id) {
    try {
      const [found] = await this.line.ask("address", { id });
      await copy(found.url);
      this.say("Copied the webhook's URL: anyone who has it can call the webhook");
    } catch (error) {
      this.say(error.message);
    }
  }

  async download(source, id, file, name) {
    const text = source.textContent;
    source.disabled = true;
    try {
      const parts = [];
      for (let had = 0, size = 1; had < size; ) {
        const [found, [data]] = await this.line.ask("part", { id, file, offset: had });
        parts.push(data);
        size = found.size;
        had += data.byteLength;
        if (!data.byteLength && had < size) throw new Error("the file ended too early");
        source.textContent = size ? `${Math.floor((100 * had) / size)} %` : text;
      }
      const address = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
      const link = make("a", { href: address });
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    } catch (error) {
      this.say(error.message);
    }
    source.textContent = text;
    source.disabled = false;
  }

  hide() {
    this.listsRefused = false;
    this.id = undefined;
    this.badge = undefined;
    this.element.hidden = true;
    this.release();
    this.element.replaceChildren();
  }

  release() {
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
  }
}

/** The whole: toolbar, list and detail. */
class Inspector {
  constructor(model, root) {
    this.root = root;
    this.line = new Line(model, (message) => this.told(message), (slow) => this.wait(slow));
    this.detail = new Detail(this.line, (text) => this.say(text), () => this.closeDetail());
    this.list = new List(this.line, (row) => this.open(row), (problem) => this.count(problem));
    this.build();
    // JupyterLab takes keys for its cells (d, d deletes one) before they come here, unless their target says otherwise. Those
    // with Ctrl stay its own.
    this.guard = ({ target, ctrlKey, metaKey }) => {
      if (root.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", !(ctrlKey || metaKey));
    };
    window.addEventListener("keydown", this.guard, true);
    this.turn = this.line.send("open");
    this.counting = setInterval(() => root.querySelectorAll(".pfi-lasting").forEach(count), 1000);
  }

  build() {
    const later = () => { clearTimeout(this.typing); this.typing = setTimeout(() => this.search(), 250); };
    const at = { input: later, keydown: (event) => { if (event.key === "Enter") this.search(); } };
    this.text = make("input", { type: "search", names: "pfi-input pfi-search", placeholder: "Search everything ( / )",
      "aria-label": "Search in keys, payloads, headers and file names", spellcheck: "false", on: at });
    this.key = make("input", { type: "text", names: "pfi-input", placeholder: "event key: webhook.#",
      "aria-label": "Event key pattern", spellcheck: "false", on: at });
    this.status = make("select", { names: "pfi-input", "aria-label": "Status of a delivery", on: { change: () => this.search() } },
      make("option", { value: "", text: "any status" }),
      ...STATUSES.map((word) => make("option", { value: word, text: `${SIGNS[word]} ${word}` })));
    this.webhook = make("code", { names: "pfi-chip" });
    this.webhook.hidden = true;
    this.fresh = button("↑ New events", () => this.search(), { class: "pfi-button pfi-fresh" });
    this.fresh.hidden = true;
    this.refused = button("", () => this.openRefused(), { class: "pfi-button pfi-refused" });
    this.refused.hidden = true;
    this.counted = make("span", { names: "pfi-total" });
    this.state = make("span", { names: "pfi-live", role: "status" }, make("span", { text: "connecting" }));
    this.toast = make("div", { names: "pfi-toast", role: "status", "aria-live": "polite" });
    this.spoken = make("div", { names: "pfi-unseen", "aria-live": "polite" });
    this.root.append(
      make("div", { names: "pfi-bar", role: "toolbar", "aria-label": "Filter" },
        this.text, this.key, this.status, this.webhook, this.fresh,
        make("span", { names: "pfi-gap" }), this.refused, this.counted, this.state),
      make("div", { names: "pfi-body" }, this.list.element, this.detail.element), this.toast, this.spoken);
    this.root.addEventListener("keydown", (event) => this.press(event));
  }

  told(message) {
    if (message.told === "still") return this.hideStill(message.name);
    if (message.turn !== undefined && message.turn !== this.turn) return undefined;
    if (message.told === "filter") return this.showFilter(message.filter);
    if (message.told === "problem") return this.live(false, message.message);
    this.live(true);
    if (message.told === "refused") return this.countRefused(message.count);
    if (message.told === "list") return this.showList(message);
    const added = this.list.take(message.rows, message.gone);
    for (const row of message.rows) this.detail.refresh(row).catch((error) => this.say(error.message));
    if (added) this.announce(added, message.rows.at(-1));
    return undefined;
  }

  showList(found) {
    if (this.listed && this.list.scroller.scrollTop > ROW) {
      this.fresh.hidden = false; // Too much has changed to tell: what is read now stays where it is.
      return;
    }
    this.listed = true;
    this.fresh.hidden = true;
    const narrowed = this.text.value || this.key.value || this.status.value;
    this.list.reset(found, narrowed ? "No event matches." : "No event yet. The next one appears here.");
  }

  showFilter({ key, status: word, text, webhook }) {
    this.refused.hidden = true;
    if (document.activeElement !== this.text) this.text.value = text;
    if (document.activeElement !== this.key) this.key.value = key;
    this.status.value = word;
    this.webhook.textContent = webhook;
    this.webhook.hidden = !webhook;
  }

  search() {
    clearTimeout(this.typing);
    this.listed = false;
    this.list.scroller.setAttribute("aria-busy", "true");
    this.turn = this.line.send("list", { text: this.text.value.trim(), key: this.key.value.trim(), status: this.status.value });
  }

  count(problem) {
    if (problem) this.say(problem);
    const { total, count, next } = this.list.pages;
    const all = total ?? count;
    this.counted.textContent = `${number.format(all)}${total === null && next !== null ? "+" : ""} event${all === 1 ? "" : "s"}`;
  }

  live(isLive, problem = "") {
    const isNews = problem && problem !== this.state.title;
    this.state.className = `pfi-live pfi-${isLive ? "succeeded" : "failed"}`;
    this.state.title = problem;
    this.state.firstChild.textContent = isLive ? "live" : "offline";
    this.list.scroller.removeAttribute("aria-busy");
    if (isNews) this.say(problem);
  }

  wait(slow) {
    this.root.classList.toggle("pfi-waiting", slow);
    if (slow) this.say("Waiting for the kernel: it is busy");
  }

  announce(added, row) {
    this.unsaid = (this.unsaid ?? 0) + added;
    this.saying ??= setTimeout(() => {
      this.spoken.textContent = `${this.unsaid} new event${this.unsaid === 1 ? "" : "s"}, the last ${row.key}, ${row.state}`;
      this.unsaid = 0;
      this.saying = undefined;
    }, 1500);
  }

  countRefused(count) {
    this.refused.hidden = !count;
    this.refused.textContent = `${number.format(count)} refused`;
    this.refused.title = "Requests that were not accepted, and why";
    if (this.detail.listsRefused) this.detail.showRefused();
  }

  openRefused() {
    this.root.classList.add("pfi-open");
    this.detail.showRefused().then(() => this.detail.element.focus({ preventScroll: true }));
  }

  open(row) {
    this.root.classList.add("pfi-open");
    this.detail.show(row, this.detail.tab).then(() => this.detail.element.focus({ preventScroll: true }));
    this.list.draw();
  }

  closeDetail() {
    this.detail.hide();
    this.root.classList.remove("pfi-open");
    this.list.scroller.focus({ preventScroll: true });
    this.list.draw();
  }

  press(event) {
    const isTyping = event.target.matches("input, select, textarea");
    if (event.key === "/" && !isTyping) {
      this.text.focus();
      this.text.select();
    } else if (event.key === "Escape" && event.target === this.text && this.text.value) {
      this.text.value = "";
      this.search();
    } else if (event.key === "Escape" && isTyping) {
      this.list.scroller.focus();
    } else if (event.key === "Escape" && !this.detail.element.hidden) {
      this.closeDetail();
    } else if (event.key === "ArrowDown" && event.target === this.text) {
      this.list.scroller.focus();
      this.list.activate(Math.max(0, this.list.active));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  say(text) {
    this.toast.textContent = text;
    this.toast.classList.add("pfi-shown");
    clearTimeout(this.said);
    this.said = setTimeout(() => this.toast.classList.remove("pfi-shown"), 3500);
  }

  /** The picture for the saved notebook stands below; whoever sees this needs it not. */
  hideStill(name) {
    if (!/^pfnb-still-[0-9a-f]+$/.test(name)) return;
    this.style?.remove();
    this.style = make("style", { text: `.${name},.jp-OutputArea-child:has(.${name}){display:none!important}` });
    document.head.append(this.style);
  }

  close() {
    window.removeEventListener("keydown", this.guard, true);
    clearInterval(this.counting);
    for (const timer of [this.typing, this.saying, this.said]) clearTimeout(timer);
    this.style?.remove();
    this.list.close();
    this.detail.release();
    this.line.close();
  }
}

export default {
  render({ model, el }) {
    const root = make("div", { names: "pfnb-inspector", role: "region", "aria-label": "Events" });
    el.append(root);
    const inspector = new Inspector(model, root);
    return () => inspector.close();
  },
};
