"use strict";
/*
 * What a network sees of a photograph: which of the rules applies, and what comes of it; as in
 * src/fashionlab/photos/see.py, with whose values it agrees to the grey level.
 *
 *     const { rgba, width, height } = await fashionlabPhotos.read(file);
 *     const { image, others, steps, remarks } = fashionlabPhotos.see(rgba, width, height, facts, box);
 *
 * @typedef {{rule: "garment" | "simple", side: number, ground: "black" | "white" | "other" | "unknown",
 *   invert: boolean, pixels: {low: number, high: number, ground: number}}} PhotoFacts
 *   All that the steps need to know of a run: the JSON of `Predictor.photo_facts` (a PhotoFacts of photos/see.py,
 *   encoded by msgspec; `prediction.facts.photo_facts` makes it). For example, of a run on Fashion-MNIST:
 *   {"rule":"garment","side":28,"ground":"black","invert":false,"pixels":{"low":0.0,"high":255.0,"ground":0}}
 */
Object.assign(fashionlabPhotos, (() => {
  const { borderOf } = fashionlabPhotos.arrays, { pixelsOf, read, reduced } = fashionlabPhotos.reading;
  const { prepareGarment, step } = fashionlabPhotos.garment, { prepareSimple } = fashionlabPhotos.simple;

  /**
   * @param {Uint8ClampedArray} rgba [height, width, 4], upright, opacity last and not multiplied in: as of ImageData
   * @param {number} width @param {number} height
   * @param {PhotoFacts} facts
   * @param {Box} [box] the part of the photograph that is used
   * @returns {Photo} in which `image` has facts.side x facts.side pixels
   */
  function see(rgba, width, height, facts, box) {
    const picture = reduced(rgba, width, height, box);
    if (!box && asInTheData(picture, facts.side)) {
      const image = { height, width, data: picture.colours.data.filter((_, at) => at % 3 === 0) };
      return { image: image.data, plain: true, steps: [step("as in the data set", image)], remarks: [], others: [] };
    }
    return facts.rule === "garment" ? prepareGarment(picture) : prepareSimple(picture, facts);
  }

  /** Whether a picture is one of the data set's own, or looks so: of its size, grey, opaque, on black. */
  function asInTheData({ colours: { height, width, data }, cover }, side) {
    if (height !== side || width !== side || cover.data.some((each) => each < 255)) return false;
    if (!data.every((value, at) => value === data[at - (at % 3)])) return false;
    const border = borderOf({ height, width, data: data.filter((_, at) => at % 3 === 0) }).sort();
    return (border[border.length / 2 - 1] + border[border.length / 2]) / 2 <= 16;
  }

  return { pixelsOf, read, see };
})());
