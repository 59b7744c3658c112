"use strict";
/*
 * From a file to the pixels that the steps work on, at most WORKING_SIDE a side, as in src/fashionlab/photos/reading.py.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Box  in pixels of the upright image
 * @typedef {{colours: Colours, cover: Plane, width: number, height: number}} Picture
 *   colours: white where nothing covers; cover: 255 opaque; width, height: in pixels, before it was reduced
 */
fashionlabPhotos.reading = (() => {
  const { plane } = fashionlabPhotos.arrays;
  const { FORMATS, MOST_SCANS, formatOf, hasTooManyScans, orientationOf, sizeOf } = fashionlabPhotos.headers;

  /** Pixels of the longest edge, 10 for each that is left in the end. */
  const WORKING_SIDE = 280;

  /** Bytes and pixels that one file may have. */
  const FILE_LIMIT = 2 ** 27 + 2 ** 20, PIXEL_LIMIT = 2 ** 24;

  /** For each of EXIF's orientations where an image's x and y point to: x's x and y, then y's. */
  const TURNS = [
    [1, 0, 0, 1], [-1, 0, 0, 1], [-1, 0, 0, -1], [1, 0, 0, -1], [0, 1, 1, 0], [0, 1, -1, 0], [0, -1, -1, 0], [0, -1, 1, 0],
  ];

  /**
   * The pixels of a file, upright as its EXIF data say, of an animation the first frame. Values are those in the file:
   * colour profiles are not applied, as in Python. A canvas keeps colours times their opacity, in whole numbers, so the
   * colour of a pixel of little opacity is inexact by as much as it counts less.
   * @param {Blob} blob @returns {Promise<{rgba: Uint8ClampedArray, width: number, height: number}>}
   *   rejected with an Error whose message is a sentence for the user
   */
  async function read(blob) {
    const name = blob.name || "the image";
    if (blob.size > FILE_LIMIT) throw new Error(`${name} has more than ${FILE_LIMIT >> 20} MiB`);
    const file = new DataView(await blob.arrayBuffer()), format = formatOf(file);
    if (!format) throw new Error(`${name} is not an image in one of the formats ${FORMATS.join(", ")}`);
    requireSmall(...sizeOf(file, format), name);
    if (hasTooManyScans(file, format)) {
      throw new Error(`${name} has more than ${MOST_SCANS} scans, which no camera or program writes; save it anew`);
    }
    // Chromium turns no WebP upright: of those every browser is asked for the pixels as they lie.
    const orientation = format === "WEBP" ? orientationOf(file) : null;
    const imageOrientation = orientation ? "none" : "from-image";
    const options = { imageOrientation, colorSpaceConversion: "none", premultiplyAlpha: "none" };
    const bitmap = await createImageBitmap(blob, options).catch(() => {
      throw new Error(`${name} cannot be decoded: it is damaged, or too large`);
    });
    try {
      return pixelsOf(bitmap, bitmap.width, bitmap.height, name, orientation || 1);
    } finally {
      bitmap.close();
    }
  }

  function requireSmall(width, height, name) {
    if (width * height <= PIXEL_LIMIT) return;
    const most = PIXEL_LIMIT.toLocaleString("en");
    throw new Error(`${name} has ${width} x ${height} pixels; at most ${most} pixels are allowed`);
  }

  /** The pixels of whatever can be drawn: an ImageBitmap, a canvas, a frame of a video.
   *  @param {number} [orientation] EXIF's, 1 to 8: how it has to be turned */
  function pixelsOf(source, width, height, name = "the image", orientation = 1) {
    requireSmall(width, height, name);
    const [across, down] = orientation < 5 ? [width, height] : [height, width];
    const canvas = new OffscreenCanvas(across, down);
    // In the processor's memory from the beginning: nothing is fetched back from a graphics card.
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    const [xx, yx, xy, yy] = TURNS[orientation - 1];
    context.setTransform(xx, yx, xy, yy, xx + xy < 0 ? across : 0, yx + yy < 0 ? down : 0);
    context.drawImage(source, 0, 0);
    return { rgba: context.getImageData(0, 0, across, down).data, width: across, height: down };
  }

  /**
   * Cut to `box`, and averaged over blocks of k x k pixels, with the least k that leaves at most WORKING_SIDE.
   * @param {Uint8ClampedArray} rgba [height, width, 4], as ImageData has it @param {Box} [box]
   * @returns {Picture}
   */
  function reduced(rgba, width, height, box = { x: 0, y: 0, width, height }) {
    requireBox(box, width, height);
    const factor = Math.ceil(Math.max(box.width, box.height) / WORKING_SIDE);
    const across = Math.ceil(box.width / factor), down = Math.ceil(box.height / factor);
    const cover = plane(down, across);
    const colours = { height: down, width: across, data: new Uint8Array(3 * down * across).fill(255) };
    for (let y = 0; y < down; y++) {
      const rows = Math.min(factor, box.height - y * factor);
      const sums = rowOfBlocks(rgba, width, box, y * factor, rows, factor);
      for (let x = 0; x < across; x++) {
        const i = y * across + x, covered = sums[4 * x + 3];
        const pixels = rows * Math.min(factor, box.width - x * factor);
        cover.data[i] = halfUp(covered, pixels);
        // A colour counts by its cover.
        for (let c = 0; covered && c < 3; c++) colours.data[3 * i + c] = halfUp(sums[4 * x + c], covered);
      }
    }
    return { colours, cover, width, height };
  }

  /** (2 s + n) // (2 n): the mean of n values with the sum s. */
  const halfUp = (sum, n) => Math.floor((2 * sum + n) / (2 * n));

  /** Of each block in a row of them the sums of red, green and blue times opacity, and of opacity: [blocks, 4]. */
  function rowOfBlocks(rgba, width, box, top, rows, factor) {
    const sums = new Float64Array(4 * Math.ceil(box.width / factor));
    for (let y = top; y < top + rows; y++) {
      const start = 4 * ((box.y + y) * width + box.x), end = start + 4 * box.width;
      for (let at = start, block = 0; at < end; block += 4) {
        let red = 0, green = 0, blue = 0, opacity = 0;
        for (const stop = Math.min(at + 4 * factor, end); at < stop; at += 4) {
          const alpha = rgba[at + 3];
          red += rgba[at] * alpha;
          green += rgba[at + 1] * alpha;
          blue += rgba[at + 2] * alpha;
          opacity += alpha;
        }
        sums[block] += red;
        sums[block + 1] += green;
        sums[block + 2] += blue;
        sums[block + 3] += opacity;
      }
    }
    return sums;
  }

  function requireBox({ x, y, width: w, height: h }, width, height) {
    const whole = [x, y, w, h].every(Number.isInteger);
    if (!whole || Math.min(x, y) < 0 || Math.min(w, h) < 1 || x + w > width || y + h > height) {
      throw new RangeError(`the box ${x},${y},${w},${h} is not within the image, which has ${width} x ${height} pixels`);
    }
  }

  return { FILE_LIMIT, PIXEL_LIMIT, WORKING_SIDE, pixelsOf, read, reduced };
})();
