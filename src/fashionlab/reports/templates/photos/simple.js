"use strict";
/*
 * Photographs for networks of other data than Fashion-MNIST: the size, ground and polarity of their training images; as
 * in src/fashionlab/photos/simple.py.
 */
fashionlabPhotos.simple = (() => {
  const { areaAverage, borderOf, greyOf, mapped, percentile, rounded } = fashionlabPhotos.arrays;
  const { centred, colourStep, newSize, step } = fashionlabPhotos.garment;

  const UNKNOWN = "it is not known whether the training images have a black ground, so dark and bright stay";

  /** The image that the network sees, [side, side], with its steps. @param {Picture} picture @param {PhotoFacts} facts
   *  @returns {Photo} */
  function prepareSimple(picture, { side, ground, invert, pixels: { low, high, ground: transparent } }) {
    const steps = [colourStep("the photograph", picture.colours)];
    const under = transparent ? 255 : 0, cover = picture.cover.data;
    let values = mapped(greyOf(picture.colours), (grey, i) => {
      const share = cover[i] / 255;
      return rounded(grey * share + under * (1 - share));
    });
    steps.push(step("grey", values));
    if (high > low && !(low === 0 && high === 255)) {
      const scale = 255 / (high - low);
      values = mapped(values, (value) => rounded((value - low) * scale));
      steps.push(step("stretched as the training images were", values));
    }
    let border = percentile(borderOf(values), 0.5);
    const opposite = (ground === "black" && border >= 128) || (ground === "white" && border < 128);
    if (ground === "unknown" ? invert : opposite) {
      values = mapped(values, (value) => 255 - value);
      border = 255 - border;
      steps.push(step("negated", values));
    }
    const [height, width] = newSize(values.height, values.width, side);
    const small = { height, width, data: Uint8Array.from(areaAverage(values, height, width), rounded) };
    const image = centred(small, side, border, 0);
    steps.push(step(`${side} x ${side}, areas averaged`, image));
    return { image: image.data, plain: true, steps, remarks: ground === "unknown" ? [UNKNOWN] : [], others: [] };
  }

  return { prepareSimple };
})();
