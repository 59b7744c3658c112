"use strict";
/*
 * The ground of a photograph: the plain surface, evenly or softly unevenly lit, that reaches the border; as in
 * src/fashionlab/photos/ground.py, where the constants are explained.
 *
 * @typedef {{surface: Colours, garment: Plane, alike: Plane, plain: boolean}} Ground
 *   surface: what the ground would look like everywhere; garment: mask of what is not ground; alike: mask of what has
 *   the ground's colour, also within the garment; plain: whether enough of the border is of it
 */
fashionlabPhotos.ground = (() => {
  const { count, flood, mapped, percentile, plane, rounded } = fashionlabPhotos.arrays;

  const RING = 0.03, PLAIN = 0.5, LEAST_PLAIN = 0.25, NEAR = 16, FAR = 48, LEAST = 7, MOST = 40;
  const LEAST_GARMENT = 0.004;

  /**
   * The plain ground; null where the border is not plain. For each channel a polynomial a + bx + cy + dxx + exy + fyy
   * over x, y from -1 to 1, by least squares: first through the border's most common colour, then through what lies
   * near, first a plane, in six rounds; then once more through all that the flood from the border reached.
   * @param {Colours} colours @returns {Ground | null}
   */
  function findGround(colours) {
    const { height, width } = colours;
    if (Math.min(height, width) < 8) return null;
    const ring = ringOf(height, width), x = steps(width), y = steps(height);
    const common = mostCommon(colours, ring);
    let near = ring.filter((i) => difference(colours, i, common) <= FAR), found = null;
    for (const [limit, terms] of [[FAR, 3], [FAR, 3], [32, 3], [24, 6], [NEAR, 6], [NEAR, 6]]) {
      if (near.length < 16) return null;
      found = fit(colours, near, x, y, terms);
      near = ring.filter((i) => away(colours, i, found, x, y) <= limit);
    }
    const share = near.length / ring.length;
    if (share < LEAST_PLAIN) return null;
    const noise = percentile(Uint8Array.from(near, (i) => rounded(away(colours, i, found, x, y))), 0.9);
    const threshold = Math.min(MOST, Math.max(LEAST, 2 * noise + 4));
    let alike = close(colours, found, x, y, threshold), reached = flood(alike);
    if (count(reached) > 64) {
      found = fit(colours, positions(reached), x, y, 6);
      alike = close(colours, found, x, y, threshold);
      reached = flood(alike);
    }
    const garment = mapped(reached, (value) => 1 - value);
    return { surface: surfaceOf(colours, found, x, y), garment, alike, plain: share >= PLAIN };
  }

  /** The positions in a border as wide as RING of the shorter edge. @returns {Int32Array} */
  function ringOf(height, width) {
    const wide = Math.max(1, halfEven(RING * Math.min(height, width))), ring = plane(height, width);
    ring.data.fill(1);
    for (let y = wide; y < height - wide; y++) ring.data.fill(0, y * width + wide, (y + 1) * width - wide);
    return positions(ring);
  }

  /** To the nearest whole number, of two equally near ones the even one: Python's round. */
  function halfEven(value) {
    const whole = Math.floor(value);
    return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
  }

  /** Where a mask is 1. @param {Plane} mask @returns {Int32Array} */
  function positions(mask) {
    const found = new Int32Array(count(mask));
    for (let i = 0, k = 0; i < mask.data.length; i++) if (mask.data[i]) found[k++] = i;
    return found;
  }

  /** n numbers from -1 to 1, evenly spaced: NumPy's linspace. */
  function steps(n) {
    const step = 2 / (n - 1), found = Float64Array.from({ length: n }, (_, i) => i * step - 1);
    found[n - 1] = 1;
    return found;
  }

  /** The largest difference between a pixel's channels and a colour's. */
  function difference({ data }, i, [red, green, blue]) {
    const at = 3 * i;
    return Math.max(Math.abs(data[at] - red), Math.abs(data[at + 1] - green), Math.abs(data[at + 2] - blue));
  }

  /** The largest difference between a pixel's channels and the surface there. */
  function away(colours, i, found, x, y) {
    const { width } = colours, row = Math.floor(i / width);
    return differenceAt(colours.data, 3 * i, found, x[i - row * width], y[row]);
  }

  function differenceAt(data, at, [red, green, blue], x, y) {
    return Math.max(
      Math.abs(data[at] - value(red, x, y)),
      Math.abs(data[at + 1] - value(green, x, y)),
      Math.abs(data[at + 2] - value(blue, x, y)),
    );
  }

  /** A polynomial, of which a plane lacks the last three terms (they are 0). */
  function value(p, x, y) {
    return p[0] + p[1] * x + p[2] * y + p[3] * x * x + p[4] * x * y + p[5] * y * y;
  }

  /** A mask of what differs from the surface by no more than a threshold. @returns {Plane} */
  function close(colours, found, x, y, threshold) {
    const { height, width, data } = colours, result = plane(height, width);
    for (let row = 0, i = 0; row < height; row++) {
      for (let column = 0; column < width; column++, i++) {
        result.data[i] = +(differenceAt(data, 3 * i, found, x[column], y[row]) <= threshold);
      }
    }
    return result;
  }

  /** @returns {Colours} */
  function surfaceOf({ height, width }, found, x, y) {
    const data = new Uint8Array(3 * height * width);
    for (let row = 0, at = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (const channel of found) data[at++] = rounded(value(channel, x[column], y[row]));
      }
    }
    return { height, width, data };
  }

  /**
   * For each channel the polynomial of `terms` terms through the pixels at `places`: by the normal equations, of which
   * a ten-millionth is added to the diagonal. @returns {Float64Array[]} 3 times 6 coefficients
   */
  function fit({ width, data }, places, x, y, terms) {
    const columns = terms + 3, equations = Array.from({ length: terms }, () => new Float64Array(columns));
    for (const i of places) {
      const row = Math.floor(i / width), u = x[i - row * width], v = y[row];
      const values = [1, u, v, u * u, u * v, v * v];
      for (let k = 0; k < terms; k++) {
        const equation = equations[k], factor = values[k];
        for (let l = k; l < terms; l++) equation[l] += factor * values[l];
        for (let c = 0; c < 3; c++) equation[terms + c] += factor * data[3 * i + c];
      }
    }
    for (let k = 0; k < terms; k++) {
      for (let l = 0; l < k; l++) equations[k][l] = equations[l][k];
      equations[k][k] += 1e-7 * places.length;
    }
    solve(equations);
    return [0, 1, 2].map((c) => Float64Array.from({ length: 6 }, (_, k) => (k < terms ? equations[k][terms + c] : 0)));
  }

  /** Gauss and Jordan's elimination, in place, with the largest pivot of a column; the solutions are at the right. */
  function solve(equations) {
    const size = equations.length;
    for (let k = 0; k < size; k++) {
      let best = k;
      for (let row = k + 1; row < size; row++) if (Math.abs(equations[row][k]) > Math.abs(equations[best][k])) best = row;
      [equations[k], equations[best]] = [equations[best], equations[k]];
      const pivot = equations[k].map((each) => each / equations[k][k]);
      equations[k] = pivot;
      for (const other of equations) {
        const factor = other[k];
        if (other !== pivot) for (let l = k; l < pivot.length; l++) other[l] -= factor * pivot[l];
      }
    }
  }

  /** The mean of the pixels at `places` in the fullest of 8 x 8 x 8 boxes of colours; of equally full ones the darkest.
   *  @returns {number[]} red, green, blue */
  function mostCommon({ data }, places) {
    const box = (i) => ((data[3 * i] >> 5) << 6) | ((data[3 * i + 1] >> 5) << 3) | (data[3 * i + 2] >> 5);
    const counts = new Uint32Array(512);
    for (const i of places) counts[box(i)]++;
    const most = Math.max(...counts), fullest = counts.indexOf(most), sums = [0, 0, 0];
    for (const i of places) if (box(i) === fullest) for (let c = 0; c < 3; c++) sums[c] += data[3 * i + c];
    return sums.map((sum) => sum / most);
  }

  return { LEAST_GARMENT, findGround };
})();
