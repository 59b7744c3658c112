// The hidden layers, live: a cell for each unit (for a channel, its map), its colour the output. A click on a cell, or
// Enter, switches the unit off and on. Where the pointer is, the weights of a unit of the first layer are shown.
const fashionlabLayers = (() => {
  function ramp(stops) {
    return Array.from({ length: 256 }, (_, i) => {
      const share = i / 255, k = Math.max(1, stops.findIndex(([at]) => at >= share));
      const [[low, from], [high, to]] = [stops[k - 1], stops[k]];
      return from.map((v, c) => Math.round(v + (to[c] - v) * (share - low) / (high - low)));
    });
  }

  const numberText = (v) => (Math.abs(v) < 1e-9 ? "0" : v.toPrecision(2)).replace("-", "\u2212");

  // One layer in `root`. colours: stops of {size, sign}; changed: called when a unit was switched; weights: gives those
  // of a unit as {data, width, height}, null where they are no image.
  function layer(root, name, colours, changed, weights) {
    const canvas = document.createElement("canvas"), said = document.createElement("output"), off = new Set();
    const heading = document.createElement("figcaption"), figure = document.createElement("figure");
    const sheet = document.createElement("canvas"), ramps = { size: ramp(colours.size), sign: ramp(colours.sign) };
    const peek = document.createElement("canvas"), means = new Map();
    // order: the unit in each place; place: where each unit is. A cursor is a place.
    let output = null, top = 0, low = 0, cell = 0, columns = 0, units = 0, cursor = -1, order = [], place = [];
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    peek.className = "peek";
    peek.hidden = true;
    figure.append(heading, canvas, said, peek);
    root.append(figure);

    // The scale of the colours: what 99 of 100 outputs for an image reach, at most, of all images that it is shown.
    function measure({ data, shape }, label) {
      const sizes = Float32Array.from(data, Math.abs).sort();
      top = Math.max(top, sizes[Math.floor(0.99 * (sizes.length - 1))]);
      low = Math.min(low, data.reduce((a, b) => Math.min(a, b), 0));
      const n = shape[shape.length - 1];
      if (!means.has(label)) means.set(label, new Float64Array(n));
      data.forEach((value, i) => { means.get(label)[i % n] += value; });
    }

    // Units by the class that they answer to most, the strongest of a class first; as many images of each were measured.
    function sort() {
      const labels = [...means.keys()].sort((a, b) => a - b), rows = labels.map((label) => means.get(label));
      const most = rows[0].map((_, c) => rows.reduce((best, row, k) => (row[c] > rows[best][c] ? k : best), 0));
      arrangeBy([...rows[0].keys()].sort((a, b) => most[a] - most[b] || rows[most[b]][b] - rows[most[a]][a]));
    }
    function arrangeBy(next) {
      order = next;
      place = [];
      order.forEach((unit, k) => { place[unit] = k; });
    }

    function arrange() {
      const [height, width, n] = output.shape.length === 1 ? [1, 1, output.shape[0]] : output.shape;
      const room = root.clientWidth, least = width < 2 ? 16 : width < 10 ? 32 : 56;
      columns = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, Math.min(n, room / least)))));
      cell = Math.max(4, Math.min(width < 2 ? 24 : 64, Math.floor(room / columns)));
      units = n;
      if (order.length !== n) arrangeBy(Array.from({ length: n }, (_, k) => k));
      heading.textContent = name;
      const kind = document.createElement("span"), rows = Math.ceil(n / columns), scale = Math.min(2, devicePixelRatio || 1);
      kind.textContent = width < 2 ? `${n.toLocaleString("en")} units` : `${n.toLocaleString("en")} channels of ${height} x ${width}`;
      heading.append(" ", kind);
      canvas.style.width = `${columns * cell}px`;
      canvas.style.height = `${rows * cell}px`;
      canvas.width = Math.round(columns * cell * scale);
      canvas.height = Math.round(rows * cell * scale);
      sheet.width = columns * width;
      sheet.height = rows * height;
      canvas.setAttribute("aria-label", `${name}: the outputs of ${n} ${width < 2 ? "units" : "channels"}. Arrow keys move from one to the next, Enter switches it off or on.`);
    }

    function draw(next) {
      const first = !output;
      output = next;
      if (first) arrange();
      const bound = top || output.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
      const [height, width, n] = output.shape.length === 1 ? [1, 1, output.shape[0]] : output.shape;
      const signed = low < -0.25 * bound, table = signed ? ramps.sign : ramps.size;
      const context = sheet.getContext("2d"), image = context.createImageData(sheet.width, sheet.height);
      for (let i = 0; i < output.data.length; i += 1) {
        const c = i % n, k = place[c], spot = (i - c) / n, x = (k % columns) * width + spot % width;
        const y = Math.floor(k / columns) * height + Math.floor(spot / width);
        const share = signed ? 0.5 + output.data[i] / (2 * bound) : output.data[i] / bound;
        const [r, g, b] = table[Math.max(0, Math.min(255, Math.round(255 * share)))] || table[0], at = 4 * (y * sheet.width + x);
        image.data[at] = r; image.data[at + 1] = g; image.data[at + 2] = b; image.data[at + 3] = 255;
      }
      context.putImageData(image, 0, 0);
      const shown = canvas.getContext("2d"), size = canvas.width / columns, style = getComputedStyle(root);
      shown.imageSmoothingEnabled = false;
      shown.clearRect(0, 0, canvas.width, canvas.height);
      shown.drawImage(sheet, 0, 0, canvas.width, canvas.height);
      shown.strokeStyle = style.getPropertyValue("--paper");
      shown.lineWidth = Math.max(1, size / 16);
      for (let k = 0; k < n; k += 1) {
        const x = (k % columns) * size, y = Math.floor(k / columns) * size;
        shown.strokeRect(x, y, size, size);
        if (off.has(order[k])) mark(shown, x, y, size, style);
      }
      if (cursor >= 0) {
        shown.strokeStyle = style.getPropertyValue("--focus");
        shown.lineWidth = size / 6;
        shown.strokeRect((cursor % columns) * size + size / 12, Math.floor(cursor / columns) * size + size / 12, size * 5 / 6, size * 5 / 6);
      }
      tell();
    }

    function mark(shown, x, y, size, style) {
      shown.save();
      shown.fillStyle = style.getPropertyValue("--quiet");
      shown.fillRect(x + 1, y + 1, size - 2, size - 2);
      shown.strokeStyle = style.getPropertyValue("--validation");
      shown.lineWidth = Math.max(1.5, size / 9);
      shown.beginPath();
      shown.moveTo(x + size * 0.25, y + size * 0.25); shown.lineTo(x + size * 0.75, y + size * 0.75);
      shown.moveTo(x + size * 0.75, y + size * 0.25); shown.lineTo(x + size * 0.25, y + size * 0.75);
      shown.stroke();
      shown.restore();
    }

    function tell() {
      const many = off.size ? `${off.size.toLocaleString("en")} switched off. ` : "";
      if (cursor < 0) { said.textContent = many; return; }
      const n = units, maps = output.data.length / n, unit = order[cursor];
      let mean = 0;
      for (let i = unit; i < output.data.length; i += n) mean += output.data[i] / maps;
      const value = off.has(unit) ? "switched off" : `${maps > 1 ? "mean output" : "output"} ${numberText(mean)}`;
      said.textContent = `${many}${maps > 1 ? "Channel" : "Unit"} ${unit + 1}: ${value}`;
    }

    function at(event) {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor((event.clientX - box.left) / cell), row = Math.floor((event.clientY - box.top) / cell);
      const k = row * columns + column;
      return column >= 0 && column < columns && k >= 0 && k < units ? k : -1;
    }
    function point(k) {
      if (k === cursor) return;
      cursor = k;
      draw(output);
      const image = k < 0 ? null : weights(order[k]);
      peek.hidden = !image;
      if (!image) return;
      const sizes = Float32Array.from(image.data, Math.abs).sort(), most = sizes[Math.floor(0.995 * (sizes.length - 1))] || 1;
      const pixels = new Uint8ClampedArray(4 * image.data.length);
      image.data.forEach((value, i) => {
        pixels.set([...ramps.sign[Math.max(0, Math.min(255, Math.round(127.5 + 127.5 * value / most)))], 255], 4 * i);
      });
      fashionlabPictures.paint(peek, pixels, image.width, image.height);
      const x = (k % columns) * cell + cell + 6, y = canvas.offsetTop + Math.floor(k / columns) * cell;
      peek.style.left = `${Math.max(0, x + 96 > root.clientWidth ? x - cell - 108 : x)}px`;
      peek.style.top = `${y - 100 < 0 ? y + cell + 6 : y - 100}px`;
    }
    function toggle(k) {
      if (k < 0) return;
      const unit = order[k];
      if (!off.delete(unit)) off.add(unit);
      changed();
    }
    canvas.addEventListener("pointermove", (event) => point(at(event)));
    canvas.addEventListener("pointerleave", () => point(-1));
    canvas.addEventListener("click", (event) => toggle(at(event)));
    canvas.addEventListener("focus", () => { if (cursor < 0 && canvas.matches(":focus-visible")) point(0); });
    canvas.addEventListener("blur", () => point(-1));
    canvas.addEventListener("keydown", (event) => {
      const go = { ArrowRight: cursor + 1, ArrowLeft: cursor - 1, ArrowDown: cursor + columns, ArrowUp: cursor - columns, Home: 0, End: units - 1 }[event.key];
      if (go !== undefined) { event.preventDefault(); if (go >= 0 && go < units) point(go); }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(cursor); }
    });
    return { off, draw, measure, sort, arrange: () => { if (output) { arrange(); draw(output); } } };
  }

  // All of them, in `root`. draw, measure: outputs of a network's `run`; off: sets, as it takes them; sort: units, by
  // the classes of the images that were measured.
  function show(root, names, colours, changed, weights) {
    const layers = names.map((name, k) => layer(root, name, colours, changed, k ? () => null : weights));
    let width = root.clientWidth;
    addEventListener("resize", () => { if (root.clientWidth !== width) { width = root.clientWidth; layers.forEach((each) => each.arrange()); } });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => layers.forEach((each) => each.arrange()));
    return {
      off: layers.map((each) => each.off),
      draw: (outputs) => layers.forEach((each, k) => each.draw(outputs[k])),
      measure: (outputs, label) => layers.forEach((each, k) => each.measure(outputs[k], label)),
      sort: () => layers.forEach((each) => each.sort()),
    };
  }

  return { show };
})();
