"use strict";
// What every page has: values and terms explained where they are pointed at, tapped or focused; type for a projector;
// and everything open on paper. Text reaches the page by textContent alone: names come from users.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);

  // The browser's own tooltips come late, and neither to a finger nor to the keyboard: their texts are taken over.
  for (const title of all("svg.figure title")) { title.parentNode.dataset.tip = title.textContent; title.remove(); }
  for (const element of all("main [title]")) { element.dataset.tip = element.title; element.removeAttribute("title"); }

  let shown = null;
  function show(element, x, y) {
    hide();
    shown = element;
    element.classList.add("told");
    tip.textContent = element.dataset.tip;
    tip.hidden = false;
    const own = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x - own.width / 2, innerWidth - own.width - 8))}px`;
    tip.style.top = `${y - own.height - 14 < 8 ? y + 22 : y - own.height - 14}px`;
  }
  function beside(element) {
    const box = element.getBoundingClientRect();
    show(element, box.left + box.width / 2, Math.max(box.top, 60));
  }
  function hide() {
    tip.hidden = true;
    if (shown) shown.classList.remove("told");
    shown = null;
  }
  const told = (event) => event.target.closest && event.target.closest("[data-tip]");
  const atPointer = (event) => { const at = told(event); if (at) show(at, event.clientX, event.clientY); };
  document.addEventListener("pointerover", atPointer);
  document.addEventListener("pointermove", (event) => { if (shown && shown === told(event)) atPointer(event); });
  // A finger that is lifted leaves what it tapped; its text stays until something else is tapped.
  document.addEventListener("pointerout", (event) => { if (event.pointerType !== "touch" && told(event)) hide(); });
  document.addEventListener("click", (event) => { if (told(event)) atPointer(event); else hide(); });
  document.addEventListener("focusin", (event) => { if (told(event) && event.target.matches(":focus-visible")) beside(told(event)); });
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true });

  // Curves by keyboard: left and right from column to column, up and down from panel to panel.
  for (const chart of all("svg.figure")) {
    const panels = all(".aims", chart).map((group) => all("[data-tip]", group)).filter((columns) => columns.length);
    if (!panels.length) continue;
    let panel = 0, column = 0;
    chart.setAttribute("tabindex", 0);
    chart.setAttribute("aria-label", `${chart.getAttribute("aria-label")} Arrow keys read off the values.`);
    chart.addEventListener("keydown", (event) => {
      const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!way) return;
      event.preventDefault();
      const fresh = !shown || !chart.contains(shown);
      panel = Math.max(0, Math.min(panel + (fresh ? 0 : way[0]), panels.length - 1));
      column = Math.max(0, Math.min(column + (fresh ? 0 : way[1]), panels[panel].length - 1));
      beside(panels[panel][column]);
    });
  }

  // Larger type, with what was being read still in sight.
  const larger = document.createElement("button");
  larger.type = "button";
  larger.id = "larger";
  larger.textContent = "Larger";
  larger.setAttribute("aria-label", "larger type");
  larger.setAttribute("aria-pressed", false);
  larger.addEventListener("click", () => {
    const read = document.elementFromPoint(innerWidth / 2, innerHeight / 3);
    larger.setAttribute("aria-pressed", document.documentElement.classList.toggle("presented"));
    if (read && document.querySelector("main").contains(read)) read.scrollIntoView({ block: "center" });
  });
  const place = document.createElement("li");
  place.append(larger);
  document.querySelector("nav ol").append(place);

  addEventListener("beforeprint", () => all("details").forEach((d) => { d.open = true; }));
})();
