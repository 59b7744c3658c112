"use strict";
// A network's forward pass for one image: what portable/forward.py does for many. It is given the same operations.
const fashionlabNetwork = (() => {
  // Every float16 once: half a million numbers are then looked up, not computed.
  const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, rest = bits & 1023;
    if (exponent === 31) return rest ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
  });
  const TYPES = {
    float16: (buffer, start, n) => Float32Array.from(new Uint16Array(buffer, start, n), (bits) => HALVES[bits]),
    float32: (buffer, start, n) => new Float32Array(buffer, start, n),
    uint8: (buffer, start, n) => new Uint8Array(buffer, start, n),
  };

  // Arrays by name, each {data, shape}, from where they lie and the bytes that hold them.
  function unpack(places, base64) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return Object.fromEntries(Object.entries(places).map(([name, { type, shape, start }]) =>
      [name, { shape, data: TYPES[type](bytes.buffer, start, shape.reduce((a, b) => a * b, 1)) }]));
  }

  const like = (x, data) => ({ data, shape: x.shape });
  const last = (x) => x.shape[x.shape.length - 1];

  function dense(x, kernel, bias) {
    const n = kernel.shape[1], weights = kernel.data, out = Float64Array.from(bias.data);
    x.data.forEach((value, i) => {
      if (value !== 0) for (let j = 0, at = i * n; j < n; j += 1, at += 1) out[j] += value * weights[at];
    });
    return { data: Float32Array.from(out), shape: [n] };
  }

  // Padded with 0 so that height and width stay.
  function convolution(x, kernel, bias) {
    const [height, width, channels] = x.shape, [tall, wide, , n] = kernel.shape;
    const weights = kernel.data, out = new Float32Array(height * width * n), sums = new Float64Array(n);
    for (let row = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        if (bias) sums.set(bias.data); else sums.fill(0);
        for (let i = 0; i < tall; i += 1) {
          const y = row + i - (tall >> 1);
          if (y < 0 || y >= height) continue;
          for (let j = 0; j < wide; j += 1) {
            const across = column + j - (wide >> 1);
            if (across < 0 || across >= width) continue;
            const from = (y * width + across) * channels;
            for (let c = 0; c < channels; c += 1) {
              const value = x.data[from + c];
              if (value === 0) continue;
              for (let k = 0, at = ((i * wide + j) * channels + c) * n; k < n; k += 1, at += 1) sums[k] += value * weights[at];
            }
          }
        }
        out.set(sums, (row * width + column) * n);
      }
    }
    return { data: out, shape: [height, width, n] };
  }

  // The largest of 2 x 2 places; of odd sides the last row or column is left out.
  function maxPooling(x) {
    const [height, width, n] = x.shape, tall = height >> 1, wide = width >> 1, out = new Float32Array(tall * wide * n);
    for (let row = 0; row < tall; row += 1) {
      for (let column = 0; column < wide; column += 1) {
        for (let c = 0; c < n; c += 1) {
          const at = (2 * row * width + 2 * column) * n + c, below = at + width * n;
          out[(row * wide + column) * n + c] = Math.max(x.data[at], x.data[at + n], x.data[below], x.data[below + n]);
        }
      }
    }
    return { data: out, shape: [tall, wide, n] };
  }

  function average(x) {
    const n = last(x), places = x.data.length / n, out = new Float64Array(n);
    x.data.forEach((value, i) => { out[i % n] += value / places; });
    return { data: Float32Array.from(out), shape: [n] };
  }

  function batchNorm(x, gamma, beta, mean, variance, epsilon) {
    const n = last(x), scale = gamma.data.map((g, c) => g / Math.sqrt(variance.data[c] + epsilon));
    const away = beta.data.map((b, c) => b - mean.data[c] * scale[c]);
    return like(x, x.data.map((value, i) => value * scale[i % n] + away[i % n]));
  }

  function layerNorm(x, gamma, beta, epsilon) {
    const n = last(x), out = new Float32Array(x.data.length);
    for (let from = 0; from < out.length; from += n) {
      const row = x.data.subarray(from, from + n), mean = row.reduce((a, b) => a + b, 0) / n;
      const spread = Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / n + epsilon);
      row.forEach((value, c) => { out[from + c] = (value - mean) / spread * gamma.data[c] + beta.data[c]; });
    }
    return like(x, out);
  }

  // Abramowitz and Stegun, formula 7.1.26, as in NumPy's.
  function erf(x) {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return Math.sign(x) * (1 - series * Math.exp(-x * x));
  }
  const elu = (x) => (x > 0 ? x : Math.expm1(x));
  const ACTIVATIONS = {
    relu: (x) => Math.max(x, 0),
    gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
    silu: (x) => x / (1 + Math.exp(-x)),
    tanh: Math.tanh,
    elu,
    selu: (x) => 1.05070098 * (x > 0 ? x : 1.67326324 * elu(x)),
    leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  };

  function softmax(logits, temperature) {
    const most = Math.max(...logits), parts = Array.from(logits, (v) => Math.exp((v - most) / temperature));
    const sum = parts.reduce((a, b) => a + b, 0);
    return parts.map((v) => v / sum);
  }

  // description: operations and epsilon; arrays: of `unpack`.
  function open(description, arrays) {
    const { operations, epsilon } = description;
    const KINDS = {
      flatten: (x) => ({ data: x.data, shape: [x.data.length] }),
      channel: (x) => ({ data: x.data, shape: [...x.shape, 1] }),
      dense, convolution, max_pooling: maxPooling, average,
      batch_norm: (...given) => batchNorm(...given, epsilon),
      layer_norm: (...given) => layerNorm(...given, epsilon),
    };
    // A hidden layer is an activation, called by what comes before it and has weights.
    const layers = [];
    let named = "";
    for (const { kind, arrays: [first] } of operations) {
      if (first && first.endsWith("/kernel")) named = first.slice(0, -7);
      if (kind === "activation") layers.push(named);
    }

    // pixels: uint8 [side x side]. off: by hidden layer a set of units, or channels, whose output is put to 0.
    // outputs: of the hidden layers, each {data, shape}; features: of the last one, what the classes are computed from.
    function run(pixels, side, off = []) {
      let x = { data: Float32Array.from(pixels, (v) => v / 255), shape: [side, side] }, features = x;
      const outputs = [];
      for (const { kind, arrays: names, function: name } of operations) {
        features = x;
        if (kind !== "activation") { x = KINDS[kind](x, ...names.map((each) => arrays[each])); continue; }
        x = like(x, x.data.map(ACTIVATIONS[name]));
        const silent = off[outputs.length], n = last(x);
        if (silent && silent.size) x.data.forEach((_, i) => { if (silent.has(i % n)) x.data[i] = 0; });
        outputs.push(x);
      }
      return { logits: x.data, features: features.data, outputs };
    }

    // What a unit of the first layer weighs the image with, {data, width, height}.
    function firstWeights(unit, side) {
      const { kind, arrays: [name] } = operations.find(({ arrays: [first] }) => first && first.endsWith("/kernel"));
      const { data, shape } = arrays[name], n = shape[shape.length - 1];
      const [height, width] = kind === "convolution" ? shape : [side, side];
      return { data: data.filter((_, i) => i % n === unit), width, height };
    }
    return { layers, run, firstWeights };
  }

  return { unpack, open, softmax };
})();
