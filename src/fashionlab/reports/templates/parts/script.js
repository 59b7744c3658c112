"use strict";
// Reads the page's data, answers clicks and keys. Text reaches the page by textContent alone: names come from users.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { names, images, cells, columns } = data;
  const $ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const percent = (v) => (v > 9990 ? "> 99.9" : v > 0 && v < 10 ? "< 0.1" : (v / 100).toFixed(1)) + "\u00a0%";

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function place(element, i) {
    element.style.setProperty("--x", i % columns);
    element.style.setProperty("--y", Math.floor(i / columns));
    return element;
  }
  function words(i) {
    const at = images[i];
    return `${at.set} image ${at.row}: true ${names[at.label]}, predicted ${names[at.predicted]} ` +
      `(${percent(at.probabilities[0])})`;
  }
  function thumbnail(i) {
    const button = place(make("button", "pic"), i);
    button.type = "button";
    button.dataset.i = i;
    button.dataset.row = images[i].row;
    button.setAttribute("aria-label", words(i));
    return button;
  }

  // The card beside whatever is pointed at or focused.
  const card = document.getElementById("card");
  let shown = null;
  function showCard(i, anchor) {
    shown = anchor;
    const at = images[i];
    const head = make("div", "head"), text = make("div");
    const correct = at.label === at.predicted;
    text.append(make("p", "", `true: ${names[at.label]}`), make("p", "", `predicted: ${names[at.predicted]}`),
      make("p", "muted", correct ? "correct" : "misclassified"), make("p", "muted", `${at.set} image ${at.row}`));
    head.append(place(make("span", "pic"), i), text);
    const list = make("div", "p");
    at.classes.forEach((label, k) => {
      const bar = make("span", "bar"), fill = make("i");
      fill.style.setProperty("--v", at.probabilities[k] / 100);
      bar.append(fill);
      list.append(make("span", label === at.label ? "true" : "", names[label]), bar, make("span", "", percent(at.probabilities[k])));
    });
    card.replaceChildren(head, list);
    card.hidden = false;
    const box = anchor.getBoundingClientRect(), own = card.getBoundingClientRect();
    let left = box.right + 10, top = box.top - 20;
    if (left + own.width > innerWidth - 8) left = box.left - own.width - 10;
    if (left < 8) { left = Math.min(Math.max(8, box.left), innerWidth - own.width - 8); top = box.bottom + 10; }
    card.style.left = `${left}px`;
    card.style.top = `${Math.max(8, Math.min(top, innerHeight - own.height - 8))}px`;
  }
  function hideCard() { card.hidden = true; shown = null; }
  const aimed = (event) => event.target.closest && event.target.closest(".pic[data-i]");
  document.addEventListener("pointerover", (event) => { const at = aimed(event); if (at) showCard(+at.dataset.i, at); });
  document.addEventListener("pointerout", (event) => { if (aimed(event) && shown === aimed(event)) hideCard(); });
  document.addEventListener("focusin", (event) => { const at = aimed(event); if (at) showCard(+at.dataset.i, at); });
  document.addEventListener("focusout", (event) => { if (aimed(event)) hideCard(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideCard(); });
  addEventListener("scroll", () => { if (shown && !(document.activeElement !== document.body && document.activeElement.contains(shown))) hideCard(); }, { passive: true });

  // The confusion matrix: one tab stop, arrow keys move, Enter or a click opens the cell.
  const gallery = document.getElementById("gallery");
  function openCell(button) {
    const t = +button.dataset.t, p = +button.dataset.p, cell = cells[`${t},${p}`];
    $("#matrix [aria-pressed='true']").forEach((b) => b.setAttribute("aria-pressed", "false"));
    button.setAttribute("aria-pressed", "true");
    const n = cell ? cell.total : 0, some = cell ? cell.images : [];
    const title = t === p ? `${names[t]}, classified correctly` : `${names[t]} predicted as ${names[p]}`;
    const noun = n === 1 ? "image" : "images";
    let how = some.length === n ? `${n.toLocaleString("en")} ${noun}, ` : `the ${some.length} of ${n.toLocaleString("en")} ${noun} that are `;
    how += some.length < n ? (t === p ? "least certain" : "most confidently wrong") : t === p ? "the least certain first" : "the most confident first";
    const list = make("ul", "pics");
    list.append(...some.map((i) => { const item = make("li"); item.append(thumbnail(i)); return item; }));
    gallery.replaceChildren(make("h4", "", title), make("p", "", n ? `${how}.` : "No image."), list);
    gallery.hidden = false;
    gallery.scrollIntoView({ block: "nearest" });
  }
  const total = names.map(() => 0);
  for (const [key, cell] of Object.entries(cells)) total[+key.split(",")[0]] += cell.total;
  // The page shows one of two drawings, by its width.
  for (const matrix of $("#matrix svg")) {
    const buttons = $(".cell", matrix);
    const width = new Set(buttons.map((b) => b.id.split("-").at(-1))).size;
    matrix.setAttribute("role", "group");
    buttons.forEach((button, k) => {
      const [t, p] = button.id.split("-").slice(-2).map(Number), n = (cells[`${t},${p}`] || { total: 0 }).total;
      Object.assign(button.dataset, { t, p });
      button.setAttribute("role", "button");
      button.setAttribute("aria-pressed", "false");
      button.setAttribute("tabindex", k ? -1 : 0);
      button.setAttribute("aria-label", `true ${names[t]}, predicted ${names[p]}: ${n.toLocaleString("en")} ${n === 1 ? "image" : "images"}, ${share(t, n)}\u00a0%`);
    });
    const count = (button) => document.getElementById(button.id.replace("-cell-", "-count-"));
    matrix.addEventListener("click", (event) => { const b = event.target.closest(".cell"); if (b) { roam(buttons, b); openCell(b); } });
    matrix.addEventListener("keydown", (event) => {
      const at = buttons.indexOf(document.activeElement), row = Math.floor(at / width), column = at % width;
      if (at >= 0 && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); openCell(buttons[at]); }
      const go = { ArrowRight: column < width - 1 ? at + 1 : at, ArrowLeft: column ? at - 1 : at, ArrowDown: at + width, ArrowUp: at - width,
        Home: row * width, End: row * width + width - 1 }[event.key];
      if (at < 0 || go === undefined) return;
      event.preventDefault();
      if (buttons[go]) { roam(buttons, buttons[go]); buttons[go].focus(); }
    });
    $("input[name='matrix']").forEach((input) => input.addEventListener("change", () => {
      for (const button of buttons) {
        const { t, p } = button.dataset, cell = cells[`${t},${p}`], text = count(button);
        if (text) text.querySelector("text").textContent = input.value === "rates" ? share(t, cell.total) : cell.total.toLocaleString("en");
      }
    }));
  }
  function share(t, n) { return !n ? "0.0" : n === total[t] ? "100" : (100 * n / total[t]).toFixed(1); }
  function roam(buttons, chosen) { buttons.forEach((b) => b.setAttribute("tabindex", b === chosen ? 0 : -1)); }

  // The map: the point nearest to the pointer, or the next one in an arrow's direction.
  for (const box of $(".mapbox")) {
    const points = $(".points > use, .points > path", box), index = JSON.parse(box.dataset.images);
    const at = points.map((c) => { const b = c.getBBox(); return [b.x + b.width / 2, b.y + b.height / 2]; });
    const svg = box.querySelector("svg");
    let now = -1, only = -1;
    function select(k) {
      if (now >= 0) points[now].classList.remove("on");
      now = k;
      if (k < 0) { hideCard(); return; }
      points[k].classList.add("on");
      points[k].parentNode.append(points[k]);
      showCard(index[k], points[k]);
      box.setAttribute("aria-label", words(index[k]));
    }
    const visible = (k) => only < 0 || images[index[k]].label === only;
    function nearest(score) {
      let best = -1, least = Infinity;
      at.forEach((xy, k) => { const s = visible(k) ? score(xy, k) : Infinity; if (s < least) { least = s; best = k; } });
      return [best, least];
    }
    svg.addEventListener("pointermove", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const [k, far] = nearest(([x, y]) => Math.hypot(x - point.x, y - point.y));
      if (far < 14) { if (k !== now || card.hidden) select(k); } else if (now >= 0) select(-1);
    });
    svg.addEventListener("pointerleave", () => select(-1));
    box.addEventListener("focus", () => select(nearest(([x, y]) => Math.hypot(x - 280, y - 220))[0]));
    box.addEventListener("blur", () => select(-1));
    box.addEventListener("keydown", (event) => {
      const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      if (!way || now < 0) return;
      event.preventDefault();
      const [x0, y0] = at[now];
      const [k] = nearest(([x, y], j) => {
        const ahead = (x - x0) * way[0] + (y - y0) * way[1], aside = Math.abs((x - x0) * way[1]) + Math.abs((y - y0) * way[0]);
        return j !== now && ahead > 0.05 && aside <= 2 * ahead ? ahead + 2 * aside : Infinity;
      });
      if (k >= 0) select(k);
    });
    const legend = $(".legend button", box.parentNode);
    legend.forEach((button) => button.addEventListener("click", () => {
      const label = +button.dataset.label;
      only = only === label ? -1 : label;
      legend.forEach((b) => b.setAttribute("aria-pressed", String(+b.dataset.label === only)));
      points.forEach((c, k) => c.classList.toggle("off", !visible(k)));
    }));
  }
})();
