"use strict";
/*
 * From a photograph of a garment to an image as those of Fashion-MNIST, by the way that its authors took; as in
 * src/fashionlab/photos/garment.py, where the constants are explained.
 *
 * @typedef {{name: string, width: number, height: number, pixels: Uint8Array | Uint8ClampedArray}} Step
 *   what was done, and what it looked like then: grey [height, width], or red, green, blue and opacity
 *   [height, width, 4], fit for ImageData
 * @typedef {{image: Uint8Array, plain: boolean, steps: Step[], remarks: string[], others: Uint8Array[]}} Photo
 *   image: what the network sees [side, side]; plain: whether a plain ground was found, true as well where nothing was
 *   looked for; remarks: what the user should know, in sentences; others: the same in other widths, [side, side] each, which the
 *   network is asked about as well
 */
fashionlabPhotos.garment = (() => {
  const { areaAverage, borderOf, components, count, greyOf, mapped, percentile, plane, rounded, sharpen } =
    fashionlabPhotos.arrays;
  const { LEAST_GARMENT, findGround } = fashionlabPhotos.ground;

  const SIDE = 28, PALE = 180, DARK = 95, USUAL = 120, WIDTHS = [11, 9, 8], COLOUR = 0.4, SEEN = 0.2, COVERED = 128,
    SPECK = 0.05, SHADOW = 6, HOOK = 0.08;

  const NO_GROUND = "no plain ground was found, so the whole image is used as it is; photograph the garment on a " +
    "plain ground, or drag a box around it";
  const HALF_PLAIN = "no plain ground was found beyond doubt, so this may not be the garment; see the steps, or drag " +
    "a box around it";
  const NOTHING_ON_GROUND = "nothing but a plain ground was found in the image";
  const NOTHING_OPAQUE = "the image is transparent everywhere, so there is nothing to see in it";

  /** The image that a network of Fashion-MNIST sees, [28, 28], with its steps. @param {Picture} picture @returns {Photo} */
  function prepareGarment(picture) {
    const steps = [colourStep("the photograph", picture.colours)];
    const { values: found, mask, plain, remarks } = onBlack(picture, steps);
    const values = brightened(mask.data.includes(0) ? trimmed(found, mask, steps) : found, steps);
    const small = fitted(values);
    steps.push(step(`longest edge ${SIDE}, areas averaged`, small));
    const sharp = sharpen(small);
    steps.push(step("sharpened", sharp));
    const image = centred(sharp);
    steps.push(step(`centred on ${SIDE} x ${SIDE}`, image));
    const others = WIDTHS.map((each) => centred(sharpen(fitted(values, each))));
    steps.push(step("the same, wider and narrower", beside(others)));
    return { image: image.data, plain, steps, remarks, others: others.map(({ data }) => data) };
  }

  /** The garment's values on black, its mask, whether the ground is plain, and what is to be said.
   *  @returns {{values: Plane, mask: Plane, plain: boolean, remarks: string[]}} */
  function onBlack(picture, steps) {
    if (picture.cover.data.reduce((sum, each) => sum + (each < 128), 0) / picture.cover.data.length > 0.02) {
      const { values, mask } = transparent(picture, steps);
      if (mask.data.includes(1)) return { values, mask, plain: true, remarks: [] };
      return whole(values, NOTHING_OPAQUE);
    }
    const colours = onWhite(picture), ground = findGround(colours), grey = greyOf(colours);
    if (!ground) return whole(withoutGround(grey, steps), NO_GROUND);
    if (count(ground.garment) / grey.data.length < LEAST_GARMENT) return whole(withoutGround(grey, steps), NOTHING_ON_GROUND);
    steps.push(colourStep("the ground that was found", ground.surface));
    const mask = withoutSpecks(ground.garment);
    steps.push(step("garment (white) and ground (black)", mapped(mask, (value) => 255 * value)));
    const { values: contrasted, negated } = contrast(colours, ground.surface, mask, ground.alike);
    const values = mapped(contrasted, (value, i) => {
      if (!mask.data[i]) return 0;
      let away = 0;
      for (let at = 3 * i; at < 3 * i + 3; at++) away = Math.max(away, Math.abs(colours.data[at] - ground.surface.data[at]));
      return Math.max(value, rounded(COLOUR * away));
    });
    steps.push(step(negated ? "grey, negated, ground black" : "grey, ground black", values));
    return { values, mask, plain: ground.plain, remarks: ground.plain ? [] : [HALF_PLAIN] };
  }

  /** The image as it is, all of it, and a sentence why. */
  function whole(values, remark) {
    return { values, mask: mapped(values, () => 1), plain: false, remarks: [remark] };
  }

  /** The colours, white shining through where they are transparent. @param {Picture} picture @returns {Colours} */
  function onWhite({ colours, cover }) {
    const data = colours.data.map((value, at) => {
      const alpha = cover.data[Math.floor(at / 3)] / 255;
      return rounded(value * alpha + 255 * (1 - alpha));
    });
    return { height: colours.height, width: colours.width, data };
  }

  /**
   * Values on black, and whether they are negated. A garment that is darker than its ground, in the sum over its pixels:
   * 255 (1 - g / w), with w the grey of the ground, at least PALE. A brighter one: 255 (m - b) / (255 - b), with m the
   * brightest of red, green and blue, and b that of the ground, at most DARK. But if a pale rim surrounds it, it was cut
   * out of a light ground and put on this one: 255 - g, and 0 where it is like the ground.
   * @returns {{values: Plane, negated: boolean}}
   */
  function contrast(colours, surface, mask, alike) {
    const grey = greyOf(colours), ground = greyOf(surface);
    let excess = 0;
    mask.data.forEach((inside, i) => { if (inside) excess += grey.data[i] - ground.data[i]; });
    const inMask = (make) => mapped(grey, (g, i) => (mask.data[i] ? rounded(make(g, i)) : 0));
    if (excess <= 0) {
      return { values: inMask((g, i) => 255 * (1 - g / Math.max(ground.data[i], PALE))), negated: true };
    }
    if (hasPaleRim(grey, mask)) return { values: inMask((g, i) => (alike.data[i] ? 0 : 255 - g)), negated: true };
    const brightest = ({ data }, i) => Math.max(data[3 * i], data[3 * i + 1], data[3 * i + 2]);
    const brighter = (_, i) => {
      const black = Math.min(brightest(surface, i), DARK);
      return (255 * (brightest(colours, i) - black)) / (255 - black);
    };
    return { values: inMask(brighter), negated: false };
  }

  /**
   * Whether, at the size that the network sees, the garment becomes brighter towards its outline, and not darker: with
   * o, s and c the mean grey of its outermost pixels, of the second ring and of the core within, 5 (o - c) > 6 (s - c).
   */
  function hasPaleRim(grey, mask) {
    const part = cut(mask, boundsOf(mask)), [height, width] = newSize(part.height, part.width);
    const share = areaAverage(part, height, width);
    const tones = areaAverage(cut(mapped(grey, (g, i) => g * mask.data[i]), boundsOf(mask)), height, width);
    const tone = tones.map((each, i) => rounded(each / Math.max(share[i], 0.5)));
    const outer = { height, width, data: Uint8Array.from(share, (each) => +(each > 0.5)) };
    const inner = eroded(outer), core = eroded(inner);
    if (count(core) < 10) return false;
    const mean = (ring) => tone.reduce((sum, each, i) => sum + each * ring.data[i], 0) / count(ring);
    const rim = mean(mapped(outer, (value, i) => value - inner.data[i]));
    const second = mean(mapped(inner, (value, i) => value - core.data[i])), middle = mean(core);
    return 5 * (rim - middle) > 6 * (second - middle);
  }

  /** Without the pixels that have a neighbour, at one of the four sides, outside the mask or the image. */
  function eroded(mask) {
    const { height, width, data } = mask;
    return mapped(mask, (value, i) => {
      const x = i % width, inside = x > 0 && x < width - 1 && i >= width && i < (height - 1) * width;
      return +(inside && value && data[i - 1] && data[i + 1] && data[i - width] && data[i + width]);
    });
  }

  /** First row, last row + 1, first column, last column + 1 of a mask that is not empty. */
  function boundsOf({ height, width, data }) {
    let top = height, bottom = 0, left = width, right = 0;
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (!data[i]) continue;
        top = Math.min(top, y);
        bottom = y + 1;
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
      }
    }
    return [top, bottom, left, right];
  }

  /** A part of a plane. */
  function cut({ width, data }, [top, bottom, left, right]) {
    const part = plane(bottom - top, right - left);
    for (let y = top; y < bottom; y++) {
      part.data.set(data.subarray(y * width + left, y * width + right), (y - top) * part.width);
    }
    return part;
  }

  /** Height and width with the longest edge `side`, when the width has become tenths / 10 of what it is.
   *  @returns {[number, number]} */
  function newSize(height, width, side = SIDE, tenths = 10) {
    const sizes = [10 * height, tenths * width], longest = Math.max(...sizes);
    return sizes.map((each) => Math.max(1, Math.floor((2 * side * each + longest) / (2 * longest))));
  }

  /** On white and negated, as the authors' were; what is white itself is taken as it is, bright on black.
   *  @returns {{values: Plane, mask: Plane}} */
  function transparent({ colours, cover }, steps) {
    const grey = greyOf(colours), mask = withoutSpecks(mapped(cover, (each) => +(each >= COVERED)));
    steps.push(step("cover: what is not transparent", cover));
    const covered = (make) => mapped(grey, (g, i) => rounded((make(g) * cover.data[i]) / 255));
    let values = covered((g) => 255 - g), name = "grey, negated, ground black";
    if (percentile(values.data, 0.95, mask) < 24) {
      values = covered((g) => g);
      name = "grey, ground black";
    }
    values = mapped(values, (value, i) => value * mask.data[i]);
    steps.push(step(name, values));
    return { values, mask };
  }

  /** Grey, negated where the border is brighter than the middle grey. */
  function withoutGround(grey, steps) {
    const negated = percentile(borderOf(grey), 0.5) >= 128;
    const values = negated ? mapped(grey, (g) => 255 - g) : grey;
    steps.push(step(negated ? "grey, negated" : "grey", values));
    return values;
  }

  /** The largest connected part, and those that are not far smaller: a pair of shoes is two. */
  function withoutSpecks(mask) {
    const { numbers, sizes } = components(mask);
    const least = Math.max(1, SPECK * sizes.reduce((most, size) => Math.max(most, size)));
    return mapped(mask, (value, i) => +(sizes[numbers[i]] >= least));
  }

  /** Without the parts that lie wholly below the largest and are dim beside it: the shadow of what hangs or floats. */
  function withoutShadow(mask, values) {
    const { numbers, sizes } = components(mask), ends = sizes.map(() => 0);
    numbers.forEach((number, i) => { ends[number] = i; });
    // Of equal ones that which ends first, as in Python.
    const largest = sizes.reduce((best, size, k) => (size > sizes[best] || (size === sizes[best] && ends[k] < ends[best]) ? k : best), 1);
    const part = (number) => mapped(mask, (_, i) => +(numbers[i] === number));
    const brightness = (number) => percentile(values.data, 0.95, part(number));
    const end = boundsOf(part(largest))[1], bright = brightness(largest);
    const dim = sizes.map((size, k) => k > 0 && boundsOf(part(k))[0] >= end && 10 * brightness(k) < SHADOW * bright);
    return mapped(mask, (value, i) => +(value && !dim[numbers[i]]));
  }

  /** A dim garment, made as bright as is usual: by the factor that the median of all that is not 0 needs. */
  function brightened(values, steps) {
    const median = percentile(values.data, 0.5, values);
    if (median === 0 || median >= USUAL) return values;
    const result = mapped(values, (value) => rounded(value * (USUAL / median)));
    steps.push(step("brightened", result));
    return result;
  }

  /** Cut to the garment, without the hook of a hanger. */
  function trimmed(values, mask, steps) {
    const high = percentile(values.data, 0.95, mask);
    const seen = high
      ? withoutShadow(withoutSpecks(mapped(values, (value, i) => +(mask.data[i] && value > SEEN * high))), values)
      : mask;
    let bounds = boundsOf(seen);
    const [top, bottom, left, right] = bounds, hook = firstWide(seen, bounds);
    // A hook is short beside the garment, and more than the garment's own tip.
    if (0.03 * (bottom - top) < hook && hook < 0.25 * (bottom - top)) {
      bounds = boundsOf(mapped(seen, (value, i) => +(value && i >= (top + hook) * seen.width)));
    }
    const result = cut(values, bounds);
    steps.push(step("trimmed", result));
    return result;
  }

  /** The first row, from the top of what is seen, that is wider than a hook; a row without any of it counts as wide. */
  function firstWide({ width, data }, [top, bottom, left, right]) {
    for (let y = top; y < bottom; y++) {
      const row = data.subarray(y * width, (y + 1) * width), first = row.indexOf(1);
      if (first < 0 || row.lastIndexOf(1) + 1 - first >= HOOK * (right - left)) return y - top;
    }
    return 0;
  }

  /** The longest edge brought to 28, when the width has become tenths / 10 of what it is. */
  function fitted(values, tenths = 10) {
    const [height, width] = newSize(values.height, values.width, SIDE, tenths);
    return { height, width, data: Uint8Array.from(areaAverage(values, height, width), rounded) };
  }

  /** Images of one height, side by side. */
  function beside(images) {
    const joined = plane(images[0].height, images.reduce((sum, { width }) => sum + width, 0));
    let left = 0;
    for (const { height, width, data } of images) {
      for (let y = 0; y < height; y++) joined.data.set(data.subarray(y * width, (y + 1) * width), y * joined.width + left);
      left += width;
    }
    return joined;
  }

  /** The image in the middle of a square of one grey; an odd pixel is left at the top and the left, as in
   *  Fashion-MNIST, or with odd = 0 at the bottom and the right. */
  function centred(image, side = SIDE, under = 0, odd = 1) {
    const square = plane(side, side), top = (side - image.height + odd) >> 1, left = (side - image.width + odd) >> 1;
    square.data.fill(under);
    for (let y = 0; y < image.height; y++) {
      square.data.set(image.data.subarray(y * image.width, (y + 1) * image.width), (top + y) * side + left);
    }
    return square;
  }

  /** @param {string} name @param {Plane} image @returns {Step} */
  const step = (name, { height, width, data }) => ({ name, width, height, pixels: data });

  /** @param {string} name @param {Colours} colours @returns {Step} */
  function colourStep(name, { height, width, data }) {
    const pixels = new Uint8ClampedArray(4 * height * width).fill(255);
    for (let i = 0; i < height * width; i++) pixels.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    return { name, width, height, pixels };
  }

  return { SIDE, centred, colourStep, newSize, prepareGarment, step };
})();
