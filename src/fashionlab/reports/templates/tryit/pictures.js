// What can be done to an image as the network sees it, uint8 [side x side], and how images get onto a canvas.
const fashionlabPictures = (() => {
  // Moved by whole pixels; what comes in is ground.
  function shifted(image, side, right, down, ground) {
    const out = new Uint8Array(image.length).fill(ground);
    for (let y = Math.max(0, down); y < Math.min(side, side + down); y += 1) {
      for (let x = Math.max(0, right); x < Math.min(side, side + right); x += 1) {
        out[y * side + x] = image[(y - down) * side + x - right];
      }
    }
    return out;
  }

  // Standard normal numbers, the same each time, so that more noise is more of the same. (Mulberry32; Box and Muller.)
  function noiseField(n) {
    let state = 1;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return Float64Array.from({ length: n }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()));
  }

  // deviation: of the noise, in grey levels.
  function noisy(image, field, deviation) {
    return deviation ? Uint8ClampedArray.from(image, (v, i) => v + deviation * field[i]) : image;
  }

  // A stroke of a soft round brush, from when the pointer goes down until it is lifted: where it passes twice it does
  // not become harder. Coordinates and radius in pixels of the image.
  function stroke(image, side, tone, radius) {
    const before = Uint8Array.from(image), cover = new Float32Array(image.length);
    let last = null;
    function dab(x, y) {
      for (let row = Math.max(0, Math.floor(y - radius - 1)); row <= Math.min(side - 1, y + radius + 1); row += 1) {
        for (let column = Math.max(0, Math.floor(x - radius - 1)); column <= Math.min(side - 1, x + radius + 1); column += 1) {
          const i = row * side + column, far = Math.hypot(column + 0.5 - x, row + 0.5 - y);
          cover[i] = Math.max(cover[i], Math.min(1, Math.max(0, radius + 0.5 - far)));
          image[i] = Math.round(before[i] * (1 - cover[i]) + tone * cover[i]);
        }
      }
    }
    return (x, y) => {
      const [x0, y0] = last || [x, y], steps = Math.max(1, Math.ceil(4 * Math.hypot(x - x0, y - y0)));
      for (let k = 1; k <= steps; k += 1) dab(x0 + (x - x0) * k / steps, y0 + (y - y0) * k / steps);
      last = [x, y];
    };
  }

  // pixels: grey, Uint8Array, or RGBA, Uint8ClampedArray of four times as many.
  function paint(canvas, pixels, width, height) {
    canvas.width = width;
    canvas.height = height;
    // In the processor's memory, where all of it is computed.
    const context = canvas.getContext("2d", { willReadFrequently: true }), drawn = context.createImageData(width, height);
    if (pixels.length === 4 * width * height) drawn.data.set(pixels);
    else pixels.forEach((v, i) => drawn.data.set([v, v, v, 255], 4 * i));
    context.putImageData(drawn, 0, 0);
    return canvas;
  }

  return { shifted, noiseField, noisy, stroke, paint };
})();
