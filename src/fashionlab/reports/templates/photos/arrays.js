"use strict";
/*
 * The array operations that the steps are made of, as in src/fashionlab/photos/arrays.py: each is defined exactly, in
 * whole numbers or in float64 rounded half up, so both give the same values.
 *
 * Arrays carry their shape:
 * @typedef {{height: number, width: number, data: Uint8Array}} Plane    [h, w]: grey 0 to 255, or a mask of 0 and 1
 * @typedef {{height: number, width: number, data: Uint8Array}} Colours  [h, w, 3]: red, green and blue, 0 to 255
 *
 * The files of this folder stand in a page in the order of their imports; all they define is in this one object, of
 * which a page needs `fashionlabPhotos.see` and `fashionlabPhotos.read`.
 */
const fashionlabPhotos = {};

fashionlabPhotos.arrays = (() => {
  /** Thousandths of red, green and blue in grey: ITU-R 601. */
  const LUMINANCE = [299, 587, 114];

  /** @returns {Plane} of 0 */
  const plane = (height, width) => ({ height, width, data: new Uint8Array(height * width) });

  /** Half up, cut to 0 to 255. @param {number} value @returns {number} */
  function rounded(value) {
    const whole = Math.floor(value + 0.5);
    return whole < 0 ? 0 : whole > 255 ? 255 : whole;
  }

  /** A plane of the same shape, each value made by `make(value, position)`, a whole number from 0 to 255. */
  function mapped({ height, width, data }, make) {
    const result = plane(height, width);
    for (let i = 0; i < data.length; i++) result.data[i] = make(data[i], i);
    return result;
  }

  /** (299 r + 587 g + 114 b + 500) // 1000. @param {Colours} colours @returns {Plane} */
  function greyOf({ height, width, data }) {
    const grey = plane(height, width), [red, green, blue] = LUMINANCE;
    for (let i = 0, at = 0; i < grey.data.length; i++, at += 3) {
      grey.data[i] = Math.floor((red * data[at] + green * data[at + 1] + blue * data[at + 2] + 500) / 1000);
    }
    return grey;
  }

  /** The values of the border, row by row, then column by column; corners twice. @param {Plane} image */
  function borderOf({ height, width, data }) {
    const border = new Uint8Array(2 * (height + width)), last = (height - 1) * width;
    border.set(data.subarray(0, width), 0);
    border.set(data.subarray(last, last + width), width);
    for (let y = 0; y < height; y++) {
      border[2 * width + y] = data[y * width];
      border[2 * width + height + y] = data[y * width + width - 1];
    }
    return border;
  }

  /** The number of pixels in a mask. @param {Plane} mask */
  function count({ data }) {
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i];
    return sum;
  }

  /**
   * Each new pixel is the mean over the area that it covers, parts of pixels weighted by their part. Where it grows,
   * areas are smaller than a pixel, and values repeat. The weighted sums are whole numbers, divided once.
   * @param {Plane} values @returns {Float64Array} [height, width]
   */
  function areaAverage(values, height, width) {
    const down = overlaps(values.height, height), across = overlaps(values.width, width);
    const narrow = new Float64Array(values.height * width);
    for (let y = 0; y < values.height; y++) {
      across.forEach(({ first, weights }, x) => {
        const start = y * values.width + first;
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * values.data[start + k];
        narrow[y * width + x] = sum;
      });
    }
    const averaged = new Float64Array(height * width), size = values.height * values.width;
    down.forEach(({ first, weights }, y) => {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * narrow[(first + k) * width + x];
        averaged[y * width + x] = sum / size;
      }
    });
    return averaged;
  }

  /** For each new pixel the first old one that it covers, and the parts of that and the next, in 1/`size` of one. */
  function overlaps(old, size) {
    return Array.from({ length: size }, (_, k) => {
      const begin = k * old, end = begin + old, first = Math.floor(begin / size), weights = [];
      for (let i = first; i * size < end; i++) weights.push(Math.min(end, (i + 1) * size) - Math.max(begin, i * size));
      return { first, weights };
    });
  }

  /**
   * Unsharp mask, v + (v - b) / 2, where b is v blurred by (1 2 1; 2 4 2; 1 2 1) / 16, black around it; in whole numbers
   * (48 v - 16 b + 16) // 32.
   * @param {Plane} image @returns {Plane}
   */
  function sharpen(image) {
    const { height, width, data } = image;
    const at = (y, x) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : data[y * width + x]);
    const row = (y, x) => at(y, x - 1) + 2 * at(y, x) + at(y, x + 1);
    return mapped(image, (value, i) => {
      const y = Math.floor(i / width), x = i % width;
      const blurred = row(y - 1, x) + 2 * row(y, x) + row(y + 1, x);
      return Math.min(255, Math.max(0, (48 * value - blurred + 16) >> 5));
    });
  }

  /** What can be reached from the border through pixels that are allowed; steps go to the four sides.
   *  @param {Plane} allowed @returns {Plane} */
  function flood(allowed) {
    const { height, width } = allowed, reached = plane(height, width);
    const spread = spreader(allowed, reached.data);
    for (let x = 0; x < width; x++) { spread(x, 1); spread((height - 1) * width + x, 1); }
    for (let y = 0; y < height; y++) { spread(y * width, 1); spread(y * width + width - 1, 1); }
    return reached;
  }

  /** The connected parts of a mask, by the four sides: 0 outside, a number from 1 on for each part, and by number the
   *  pixels that it has. @param {Plane} mask @returns {{numbers: Int32Array, sizes: number[]}} */
  function components(mask) {
    const numbers = new Int32Array(mask.data.length), sizes = [0], spread = spreader(mask, numbers);
    for (let i = 0; i < numbers.length; i++) {
      const size = spread(i, sizes.length);
      if (size) sizes.push(size);
    }
    return { numbers, sizes };
  }

  /** A function that gives `number`, in `marks`, to all that is connected with a pixel, and tells how many they are. */
  function spreader({ height, width, data }, marks) {
    const waiting = new Int32Array(data.length), last = (height - 1) * width;
    return (start, number) => {
      if (!data[start] || marks[start]) return 0;
      let end = 1, size = 0;
      const visit = (i) => { if (data[i] && !marks[i]) { marks[i] = number; waiting[end++] = i; } };
      marks[start] = number;
      waiting[0] = start;
      while (end) {
        const i = waiting[--end], x = i % width;
        size++;
        if (x > 0) visit(i - 1);
        if (x < width - 1) visit(i + 1);
        if (i >= width) visit(i - width);
        if (i < last) visit(i + width);
      }
      return size;
    };
  }

  /**
   * Of values the least one that at least `share` of them do not exceed; 0 for none.
   * @param {Uint8Array} values @param {number} share 0 to 1
   * @param {Plane} [mask] of the values that count; all, if there is none
   */
  function percentile(values, share, mask) {
    const counts = new Uint32Array(256);
    let size = 0;
    for (let i = 0; i < values.length; i++) if (!mask || mask.data[i]) { counts[values[i]]++; size++; }
    for (let value = 0, sum = 0; size && value < 256; value++) {
      sum += counts[value];
      if (sum >= share * size) return value;
    }
    return 0;
  }

  return { areaAverage, borderOf, components, count, flood, greyOf, mapped, percentile, plane, rounded, sharpen };
})();
