"use strict";
/*
 * What an image file says of itself, read before a browser decodes it: format, size, orientation. Whatever is damaged is
 * left to the browser to refuse.
 */
fashionlabPhotos.headers = (() => {
  /** What a file of each format begins with; a dot stands for any byte. */
  const BEGINS = {
    PNG: /^\x89PNG\r\n\x1a\n/, JPEG: /^\xff\xd8\xff/, GIF: /^GIF8[79]a/, BMP: /^BM/, WEBP: /^RIFF[^]{4}WEBP/,
  };
  const FORMATS = Object.keys(BEGINS);

  /** Of a JPEG: a progressive one has about ten. */
  const MOST_SCANS = 64;

  /** Of which format a file is, by its content; undefined for another one. @param {DataView} file */
  function formatOf(file) {
    const begin = text(file, 0, 16);
    return FORMATS.find((format) => BEGINS[format].test(begin));
  }

  /** Bytes as characters, as many as there are. */
  function text(file, at, size) {
    const length = Math.max(0, Math.min(size, file.byteLength - at));
    return String.fromCharCode(...new Uint8Array(file.buffer, Math.min(at, file.byteLength), length));
  }

  /** Width and height in pixels, before an image is turned upright; 0 and 0 where it does not tell.
   *  @param {DataView} file @returns {[number, number]} */
  function sizeOf(file, format) {
    try {
      return SIZES[format](file);
    } catch (error) {
      if (error instanceof RangeError) return [0, 0]; // it ends before
      throw error;
    }
  }

  const SIZES = {
    PNG: (file) => [file.getUint32(16), file.getUint32(20)],
    GIF: (file) => [file.getUint16(6, true), file.getUint16(8, true)],
    BMP: (file) => (file.getUint32(14, true) === 12
      ? [file.getUint16(18, true), file.getUint16(20, true)]
      : [Math.abs(file.getInt32(18, true)), Math.abs(file.getInt32(22, true))]),
    WEBP(file) {
      const kind = text(file, 12, 4);
      if (kind === "VP8X") return [(file.getUint32(24, true) & 0xffffff) + 1, (file.getUint32(26, true) >>> 8) + 1];
      if (kind === "VP8 ") return [file.getUint16(26, true) & 0x3fff, file.getUint16(28, true) & 0x3fff];
      const bits = file.getUint32(21, true);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    },
    JPEG(file) {
      for (const { marker, at } of segments(file)) {
        // A frame begins; of the numbers among these three are something else.
        if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
          return [file.getUint16(at + 7), file.getUint16(at + 5)];
        }
      }
      return [0, 0];
    },
  };

  /** The segments of a JPEG up to its end: marker, and where it stands. @param {DataView} file */
  function* segments(file) {
    const bytes = new Uint8Array(file.buffer);
    for (let at = bytes.indexOf(0xff, 2); at >= 0 && at + 4 <= bytes.length; at = bytes.indexOf(0xff, at)) {
      const marker = bytes[at + 1];
      // Those that stand among the data of a scan, or are none.
      if (marker === 0x00 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)) { at++; continue; }
      yield { marker, at };
      if (marker === 0xd9) return;
      at += marker === 0x01 || marker === 0xd8 ? 2 : 2 + file.getUint16(at + 2);
    }
  }

  /** Whether a file is a JPEG with more scans than any program writes: a decoder goes over all of the image for each,
   *  and may be at it for minutes. As in src/fashionlab/images/parts.py. @param {DataView} file */
  function hasTooManyScans(file, format) {
    let scans = 0;
    if (format !== "JPEG") return false;
    for (const { marker } of segments(file)) if (marker === 0xda && ++scans > MOST_SCANS) return true;
    return false;
  }

  /** EXIF's orientation of a WebP, 1 to 8; 1 where it tells none. @param {DataView} file */
  function orientationOf(file) {
    for (let at = 12; at + 8 <= file.byteLength; ) {
      const size = file.getUint32(at + 4, true);
      if (file.getUint32(at) === 0x45584946) { // "EXIF"
        const end = Math.min(at + 8 + size, file.byteLength);
        // Some begin as they do in a JPEG: "Exif", 0, 0.
        const start = at + 8 + (end - at > 14 && file.getUint32(at + 8) === 0x45786966 ? 6 : 0);
        return orientationIn(new DataView(file.buffer, start, end - start));
      }
      at += 8 + size + (size % 2);
    }
    return 1;
  }

  /** The orientation in a TIFF's first directory; 1 where there is none. @param {DataView} tiff */
  function orientationIn(tiff) {
    if (tiff.byteLength < 8) return 1;
    const little = tiff.getUint16(0) === 0x4949, first = tiff.getUint32(4, little);
    const entries = first + 2 <= tiff.byteLength ? tiff.getUint16(first, little) : 0;
    for (let k = 0, at = first + 2; k < entries && at + 12 <= tiff.byteLength; k++, at += 12) {
      const value = tiff.getUint16(at + 8, little);
      if (tiff.getUint16(at, little) === 0x0112) return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
  }

  return { FORMATS, MOST_SCANS, formatOf, hasTooManyScans, orientationOf, sizeOf };
})();
