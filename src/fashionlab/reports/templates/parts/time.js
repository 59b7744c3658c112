"use strict";
// Learning over time: a slider over the snapshots that were kept while the network trained.
(() => {
  const root = document.getElementById("time");
  if (!root) return;
  const { names, time } = JSON.parse(document.getElementById("data").textContent);
  const slider = root.querySelector("input"), said = root.querySelector("output"), play = root.querySelector("button");
  const frames = root.querySelector(".frames"), body = root.querySelector("tbody"), chart = root.querySelector("svg");
  const percent = (v) => `${(100 * v).toFixed(1)}\u00a0%`;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // Both accuracies, faint as a whole and strong up to the chosen epoch.
  const curves = [["accuracy", "training"], ["val_accuracy", "validation"]].map(([key, name]) => [time[key], name])
    .filter(([values]) => values.some((v) => v !== null));
  const known = curves.flatMap(([values]) => values).filter((v) => v !== null);
  const low = Math.min(...known), high = Math.max(...known), last = time.accuracy.length;
  const x = (epoch) => 44 + (last > 1 ? (epoch - 1) / (last - 1) : 0.5) * 262;
  const y = (v) => 176 - (high > low ? (v - low) / (high - low) : 0.5) * 150;
  function draw(tag, attributes, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    chart.append(element);
    return element;
  }
  const line = (values, upto) => values.slice(0, upto).map((v, i) => (v === null ? "" : `${x(i + 1)},${y(v)}`)).join(" ");
  draw("line", { x1: 44, x2: 306, y1: 184, y2: 184, stroke: "var(--rule)" });
  for (const v of low < high ? [low, high] : [low]) draw("text", { x: 38, y: y(v) + 4, "text-anchor": "end", "font-size": 11, fill: "var(--muted)" }, percent(v));
  const strong = curves.map(([values, name], k) => {
    const colour = `var(--${name})`;
    draw("polyline", { points: line(values), fill: "none", stroke: colour, "stroke-width": 1.5, opacity: 0.3 });
    draw("text", { x: 50 + 80 * k, y: 14, "font-size": 12, "font-weight": 600, fill: colour }, name);
    return [draw("polyline", { fill: "none", stroke: colour, "stroke-width": 2.5 }), draw("circle", { r: 4.5, fill: colour })];
  });

  function fill(confusion) {
    body.replaceChildren(...confusion.map((row, t) => {
      const line = document.createElement("tr"), total = row.reduce((a, b) => a + b, 0) || 1, head = document.createElement("th");
      head.scope = "row";
      head.textContent = names[t];
      line.append(head, ...row.map((n, p) => {
        const cell = document.createElement("td"), share = n / total;
        cell.style.setProperty("--k", (t === p ? share : Math.min(1, Math.sqrt(share / 0.4))).toFixed(3));
        cell.className = t === p ? "right" : "";
        cell.dataset.tip = `true ${names[t]}, predicted ${names[p]}: ${n.toLocaleString("en")} (${percent(share)})`;
        return cell;
      }));
      return line;
    }));
  }
  function show() {
    const k = +slider.value, epoch = time.epochs[k];
    const values = curves.map(([each, name]) => [name, each[epoch - 1]]).filter(([, v]) => v !== null);
    said.textContent = `after epoch ${epoch} of ${last}: accuracy ${values.map(([name, v]) => `${percent(v)} in ${name}`).join(", ")}`;
    slider.setAttribute("aria-valuetext", said.textContent);
    strong.forEach(([path, dot], i) => {
      const v = curves[i][0][epoch - 1];
      path.setAttribute("points", line(curves[i][0], epoch));
      dot.setAttribute("cx", x(epoch));
      dot.setAttribute("cy", v === null ? -20 : y(v));
    });
    if (body) fill(time.confusion[k]);
    if (frames) frames.style.setProperty("--k", k);
  }
  let timer = 0;
  function stop() { clearInterval(timer); timer = 0; play.textContent = "Play"; }
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    slider.value = 0;
    show();
    play.textContent = "Stop";
    timer = setInterval(() => {
      slider.value = +slider.value + 1;
      show();
      if (slider.value === slider.max) stop();
    }, still.matches ? 1600 : 700);
  });
  slider.addEventListener("input", () => { stop(); show(); });
  root.hidden = false;
  show();
})();
