// The section to try the network in: what was given becomes an image, the image an answer. Text reaches the page by
// textContent alone: names of files and classes come from anywhere.
(() => {
  const given = JSON.parse(document.getElementById("network").textContent);
  const arrays = fashionlabNetwork.unpack(given.arrays, document.getElementById("numbers").textContent);
  const { names, side, temperature, photo: facts } = given, size = side * side;
  const ground = facts.ground === "white" ? 255 : 0;
  const model = fashionlabNetwork.open(given.network, arrays);
  const { shifted, noisy, noiseField, stroke, paint } = fashionlabPictures;
  const the = (id) => document.getElementById(`try-${id}`), field = noiseField(size);

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  const percent = (p) => `${p > 0.999 ? ">\u00a099.9" : p > 0 && p < 0.001 ? "<\u00a00.1" : (100 * p).toFixed(1)}\u00a0%`;
  // Control characters and those that change the direction of writing are not shown as they are.
  const clean = (text) => String(text).replace(/[\p{C}\u2028\u2029]/gu, "\ufffd");

  // What is tried: the image as it was given (null for an empty square), with what was drawn on it, and the changes.
  // others: a photograph in other widths, which count until something is drawn.
  const state = { given: null, others: [], image: new Uint8Array(size).fill(ground), source: "", drawn: false, right: 0, down: 0, noise: 0 };
  const layers = fashionlabLayers.show(the("layers"), model.layers, given.colours, ask, (unit) => model.firstWeights(unit, side));

  // The answer, once a frame at most.
  let asked = false;
  function ask() {
    if (!asked) { asked = true; requestAnimationFrame(() => { asked = false; answer(); }); }
  }
  function answer() {
    const { given: original, image, drawn, right, down, noise } = state, off = layers.off.reduce((n, each) => n + each.size, 0);
    const changedAs = (pixels) => noisy(shifted(pixels, side, right, down, ground), field, noise);
    const input = changedAs(image), others = drawn ? [] : state.others;
    paint(the("canvas"), input, side, side);
    const found = model.run(input, side, layers.off), p = probabilities(found, others.map(changedAs), layers.off);
    const changed = right || down || noise || off || (drawn && original);
    const before = changed ? probabilities(model.run(original || image, side), state.others) : null;
    showBars(p, before);
    showAnswer(p, before);
    showNearest(found.features);
    layers.draw(found.outputs);
    the("reset").disabled = !changed;
  }
  // Of the mean logits, in which the image itself counts twice; as Views of prediction/predictor.py.
  function probabilities(found, others, off) {
    const all = [found, found, ...others.map((pixels) => model.run(pixels, side, off))];
    const mean = Array.from(found.logits, (_, k) => all.reduce((sum, { logits }) => sum + logits[k], 0) / all.length);
    return fashionlabNetwork.softmax(mean, temperature);
  }
  const best = (p) => p.indexOf(Math.max(...p));

  function showAnswer(p, before) {
    const answer = make("strong", "", names[best(p)]);
    the("answer").replaceChildren(answer, ` ${percent(p[best(p)])}`);
    the("before").textContent = before ? `Without your changes (the marks): ${names[best(before)]}, ${percent(before[best(before)])}` : "";
  }

  // All classes in their order; of more than twelve the ten most likely.
  function showBars(p, before) {
    const all = p.map((_, k) => k), order = names.length <= 12 ? all : all.sort((a, b) => p[b] - p[a]).slice(0, 10);
    const list = the("bars"), top = best(p);
    while (list.children.length < order.length) {
      const row = make("li"), bar = make("span", "bar");
      bar.append(make("i"), make("b"));
      row.append(make("span", "name"), bar, make("span", "share"));
      list.append(row);
    }
    order.forEach((k, i) => {
      const [name, bar, share] = list.children[i].children;
      list.children[i].className = k === top ? "top" : "";
      name.textContent = names[k];
      share.textContent = percent(p[k]);
      bar.children[0].style.setProperty("--v", 100 * p[k]);
      bar.children[1].hidden = !before;
      if (before) bar.children[1].style.setProperty("--v", 100 * before[k]);
    });
  }

  const SHOWN = 8;
  function showNearest(features) {
    const n = features.length, known = arrays.features.data, silent = layers.off[layers.off.length - 1];
    const far = given.nearest.map((_, row) => {
      let sum = 0;
      for (let c = 0, at = row * n; c < n; c += 1) if (!silent || !silent.has(c)) sum += (known[at + c] - features[c]) ** 2;
      return Math.sqrt(sum);
    });
    const rows = far.map((_, row) => row).sort((a, b) => far[a] - far[b]).slice(0, SHOWN), list = the("nearest");
    while (list.children.length < rows.length) {
      const item = make("li");
      item.append(make("span", "pic near"), make("span", "name"));
      list.append(item);
    }
    const counts = new Map();
    rows.forEach((row, i) => {
      const [image, name] = list.children[i].children, label = names[given.nearest[row]];
      image.style.setProperty("--x", row % given.columns);
      image.style.setProperty("--y", Math.floor(row / given.columns));
      name.textContent = label;
      list.children[i].title = `${label}, distance ${far[row].toFixed(1)}`;
      counts.set(label, (counts.get(label) || 0) + 1);
    });
    const listed = [...counts].sort((a, b) => b[1] - a[1]).map(([label, count]) => `${label} (${count})`).join(", ");
    the("alike").textContent = `${listed}. Distances ${far[rows[0]].toFixed(1)} to ${far[rows[rows.length - 1]].toFixed(1)}.`;
  }

  // What is tried from now on. Shifts end, units stay switched off: one watches them on other images.
  function show(image, source, others = []) {
    Object.assign(state, { given: image, others, image: Uint8Array.from(image || new Uint8Array(size).fill(ground)), source, drawn: false, right: 0, down: 0 });
    the("source").textContent = source;
    picks.forEach((each) => each.setAttribute("aria-pressed", "false"));
    the("remarks").replaceChildren();
    the("photo").hidden = true;
    ask();
  }

  // An image of the run's.
  const pixelsOf = (k) => arrays.picks.data.subarray(k * size, (k + 1) * size);
  const picks = [...document.querySelectorAll("[data-pick]")];
  function pick(button) {
    show(pixelsOf(+button.dataset.pick), button.getAttribute("aria-label"));
    button.setAttribute("aria-pressed", "true");
    roam(button);
  }
  // One tab stop for all of them; arrow keys move.
  function roam(button) { picks.forEach((each) => { each.tabIndex = each === button ? 0 : -1; }); }
  the("picks").addEventListener("click", (event) => { const b = event.target.closest("[data-pick]"); if (b) pick(b); });
  the("picks").addEventListener("keydown", (event) => {
    const at = picks.indexOf(document.activeElement), next = picks[{ ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: picks.length - 1 }[event.key]];
    if (at < 0 || !next) return;
    event.preventDefault();
    roam(next);
    next.focus();
  });

  // Drawing: in pixels of the image, where it lay before it was shifted.
  const canvas = the("canvas");
  let draw = null;
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * side - state.right, (event.clientY - box.top) / box.height * side - state.down];
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    state.drawn = true;
    the("source").textContent = state.given ? `${state.source}, drawn on` : "your drawing";
    draw = stroke(state.image, side, +document.querySelector("[name='try-tone']:checked").value, +the("brush").value * side / 28);
    draw(...place(event));
    ask();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!draw) return;
    const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    (all.length ? all : [event]).forEach((each) => draw(...place(each)));
    ask();
  });
  ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, () => { draw = null; }));

  // A photograph: from a file, the clipboard, or dropped. Of several that are read at once the last one counts.
  let photo = null, crop = null, reading = 0;
  const remark = (said) => the("remarks").append(make("li", "", said));
  async function take(file) {
    const mine = ++reading, name = clean(file.name || "the image");
    try {
      const read = await fashionlabPhotos.read(file);
      if (mine !== reading) return;
      photo = { ...read, name };
      const [{ pixels, width, height }] = see();
      paint(the("whole"), pixels, width, height);
      if (crop) crop.remove();
      crop = fashionlabPhotos.crop(the("frame"), { width: photo.width, height: photo.height, choose: see });
    } catch (error) {
      if (mine !== reading) return;
      the("remarks").replaceChildren();
      remark(clean(error.message));
    }
  }
  // box: the part that is used, in pixels of the photograph. Returns the steps; the first is the photograph, or the part.
  function see(box) {
    const { image, others, steps, remarks } = fashionlabPhotos.see(photo.rgba, photo.width, photo.height, facts, box);
    show(image, `${box ? "part of " : ""}${photo.name}`, others);
    the("widths").textContent = others.length
      ? `The answer is the mean over the photograph in ${others.length + 1} widths, in which the one shown counts twice; the layers and the nearest images are its own.` : "";
    remarks.forEach(remark);
    the("steps").replaceChildren(...steps.slice(box ? 0 : 1).map(({ name, width, height, pixels }, k) => {
      const item = make("li");
      item.append(paint(make("canvas"), pixels, width, height), make("span", "", box && !k ? "the part" : name));
      return item;
    }));
    the("photo").hidden = false;
    return steps;
  }

  for (const id of ["file", "camera"]) {
    the(id).addEventListener("change", () => {
      if (the(id).files.length) take(the(id).files[0]);
      the(id).value = ""; // the same file again is a change, too
    });
  }
  // Wherever on the page: a file that misses its target must not open in place of the page.
  const files = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files");
  const root = document.getElementById("try");
  addEventListener("dragover", (event) => { if (files(event)) { event.preventDefault(); root.classList.add("over"); } });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) root.classList.remove("over"); });
  addEventListener("drop", (event) => {
    root.classList.remove("over");
    if (!files(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData ? event.clipboardData.files : [])][0];
    if (!file) return;
    event.preventDefault();
    root.scrollIntoView({ block: "start" });
    take(file);
  });

  // Changes.
  function shift(right, down) {
    const within = (v) => Math.max(-side, Math.min(side, v));
    Object.assign(state, { right: within(state.right + right), down: within(state.down + down) });
    ask();
  }
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (way) { event.preventDefault(); shift(...way); }
  });
  document.querySelectorAll("[data-shift]").forEach((b) => b.addEventListener("click", () => shift(...b.dataset.shift.split(",").map(Number))));
  the("noise").addEventListener("input", () => { state.noise = +the("noise").value; ask(); });
  the("clear").addEventListener("click", () => show(null, "an empty square: draw on it"));
  the("reset").addEventListener("click", () => {
    the("noise").value = 0;
    Object.assign(state, { right: 0, down: 0, noise: 0 });
    if (state.given) {
      Object.assign(state, { image: Uint8Array.from(state.given), drawn: false });
      the("source").textContent = state.source;
    }
    layers.off.forEach((each) => each.clear());
    ask();
  });

  // The page computes what the run computed: an image at a time, so that it answers meanwhile.
  let worst = 0;
  function check(k) {
    if (k < given.picks.length) {
      const found = model.run(pixelsOf(k), side), p = fashionlabNetwork.softmax(found.logits, temperature);
      layers.measure(found.outputs, given.labels[k]);
      p.forEach((v, i) => { worst = Math.max(worst, Math.abs(v - given.picks[k].probabilities[i])); });
      setTimeout(check, 0, k + 1);
      return;
    }
    const same = worst <= 0.01, n = given.picks.length.toLocaleString("en");
    the("check").textContent = same
      ? `Checked on ${n} images: this page computes what the run computed, largest difference in probability ${worst.toFixed(4)}.`
      : `Do not trust the answers: for ${n} images this page computes probabilities that differ from the run’s by up to ${worst.toFixed(4)}.`;
    the("check").classList.toggle("bad", !same);
    layers.sort();
    ask();
  }
  pick(picks[0]);
  check(0);
})();
