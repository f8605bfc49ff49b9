// The network of the welcome page, layer by layer as PyTorch computes it; `tools/live.py` trains it.
"use strict";

const live = (() => {
  const EPSILON = 1e-5; // of the normalizations

  // A number of 16 bits: a sign, five bits of exponent, ten of fraction.
  const half = (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  };

  const decode = ({ shape, half: text }) => {
    const bytes = atob(text), values = new Float64Array(bytes.length / 2);
    for (let i = 0; i < values.length; i++) {
      values[i] = half(bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8));
    }
    return { shape, values };
  };

  const weights = Object.fromEntries(
    Object.entries(liveData.weights).map(([name, part]) => [name, decode(part)]),
  );

  // A map is {channels, height, width, values}; text and other sequences have height 1.
  const make = (channels, height, width) => (
    { channels, height, width, values: new Float64Array(channels * height * width) }
  );

  const convolve = (x, name, stride = 1, dilation = 1) => {
    const { shape, values: w } = weights[name];
    const [outputs, inputs] = shape, flat = shape.length === 3;
    const tall = flat ? 1 : shape[2], wide = shape.at(-1), down = flat ? 1 : stride;
    const top = (tall - 1) / 2, left = ((wide - 1) / 2) * dilation;
    const y = make(outputs, Math.ceil(x.height / down), Math.ceil(x.width / stride));
    let at = 0;
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < y.height; i++) {
        for (let j = 0; j < y.width; j++, at++) {
          let sum = 0;
          for (let c = 0; c < inputs; c++) {
            for (let k = 0; k < tall; k++) {
              const row = i * down + k - top;
              if (row < 0 || row >= x.height) continue;
              const from = (c * x.height + row) * x.width, kernel = ((o * inputs + c) * tall + k) * wide;
              for (let l = 0; l < wide; l++) {
                const column = j * stride + l * dilation - left;
                if (column >= 0 && column < x.width) sum += w[kernel + l] * x.values[from + column];
              }
            }
          }
          y.values[at] = sum;
        }
      }
    }
    return y;
  };

  // Batch normalization with the statistics of the training.
  const byBatch = (x, name) => {
    const [w, b, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map(
      (part) => weights[`${name}.${part}`].values,
    );
    const size = x.height * x.width;
    return { ...x, values: x.values.map((value, i) => {
      const c = Math.floor(i / size);
      return ((value - mean[c]) / Math.sqrt(variance[c] + EPSILON)) * w[c] + b[c];
    }) };
  };

  // Normalization of the channels of one position.
  const byChannel = (x, name) => {
    const w = weights[`${name}.weight`].values, b = weights[`${name}.bias`].values;
    const size = x.height * x.width, n = x.channels, values = new Float64Array(n * size);
    for (let at = 0; at < size; at++) {
      let mean = 0, variance = 0;
      for (let c = 0; c < n; c++) mean += x.values[c * size + at] / n;
      for (let c = 0; c < n; c++) variance += (x.values[c * size + at] - mean) ** 2 / n;
      const scale = 1 / Math.sqrt(variance + EPSILON);
      for (let c = 0; c < n; c++) values[c * size + at] = (x.values[c * size + at] - mean) * scale * w[c] + b[c];
    }
    return { ...x, values };
  };

  const relu = (x) => ({ ...x, values: x.values.map((value) => Math.max(value, 0)) });
  const add = (x, y) => ({ ...x, values: x.values.map((value, i) => value + y.values[i]) });

  // The residual block of page 2.1: relu(F(x) + s(x)).
  const block = (x, name, normalize, stride = 1, dilation = 1) => {
    let h = relu(normalize(convolve(x, `${name}.layers.0.0.weight`, stride, dilation), `${name}.layers.0.1`));
    h = normalize(convolve(h, `${name}.layers.1.0.weight`, 1, dilation), `${name}.layers.1.1`);
    const projected = `${name}.shortcut.0.weight` in weights;
    const shortcut = projected
      ? normalize(convolve(x, `${name}.shortcut.0.weight`, stride), `${name}.shortcut.1`)
      : x;
    return relu(add(h, shortcut));
  };

  const averages = (x) => {
    const size = x.height * x.width, means = new Float64Array(x.channels);
    x.values.forEach((value, i) => { means[Math.floor(i / size)] += value / size; });
    return means;
  };

  const stages = (x, name, stride) => {
    let h = relu(byBatch(convolve(x, `${name}.stem.layer.0.weight`, stride), `${name}.stem.layer.1`));
    for (const stage of [0, 1, 2]) h = block(h, `${name}.stages.${stage}.0`, byBatch, stage ? 2 : 1);
    return averages(h);
  };

  // Decibels above the floor of -60, in windows of 128 samples, one every 128.
  const WINDOW = 128, HOP = 128, FLOOR = 1e-6;
  const hann = Float64Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW));
  const cosines = Float64Array.from({ length: WINDOW }, (_, n) => Math.cos((2 * Math.PI * n) / WINDOW));
  const spectrogram = (samples) => {
    const x = make(1, WINDOW / 2 + 1, Math.floor(samples.length / HOP) + 1);
    for (let frame = 0; frame < x.width; frame++) {
      const part = hann.map((w, n) => w * (samples[frame * HOP + n - WINDOW / 2] ?? 0));
      if (part.every((value) => value === 0)) continue;
      for (let f = 0; f < x.height; f++) {
        let real = 0, imaginary = 0;
        for (let n = 0; n < WINDOW; n++) {
          real += part[n] * cosines[(f * n) % WINDOW];
          imaginary += part[n] * cosines[(f * n + WINDOW / 4) % WINDOW];
        }
        const power = (real ** 2 + imaginary ** 2) * (4 / WINDOW) ** 2;
        x.values[f * x.width + frame] = Math.log1p(power / FLOOR) / -Math.log(FLOOR);
      }
    }
    return x;
  };

  const encoders = {
    // 64 gray values from 0 to 1.
    image: (pixels) => stages({ channels: 1, height: 8, width: 8, values: Float64Array.from(pixels) }, "encoders.image", 1),
    // The bytes of a text; each id is one more than its byte.
    text: (bytes) => {
      const { shape, values } = weights["encoders.text.embedding.weight"];
      let x = make(shape[1], 1, bytes.length);
      for (let c = 0; c < shape[1]; c++) {
        bytes.forEach((byte, at) => { x.values[c * bytes.length + at] = values[(byte + 1) * shape[1] + c]; });
      }
      [1, 2, 4].forEach((dilation, i) => { x = block(x, `encoders.text.blocks.${i}`, byChannel, 1, dilation); });
      return averages(x);
    },
    // A second of sound, 8000 samples from -1 to 1.
    audio: (samples) => {
      const x = spectrogram(samples), [mean] = averages(x);
      return stages({ ...x, values: x.values.map((value) => value - mean) }, "encoders.audio", 2);
    },
  };

  const linear = (x, name) => {
    const { shape: [outputs, inputs], values } = weights[`${name}.weight`];
    return Float64Array.from(weights[`${name}.bias`].values, (b, o) => {
      let sum = b;
      for (let i = 0; i < inputs; i++) sum += values[o * inputs + i] * x[i];
      return sum;
    }).slice(0, outputs);
  };

  const vector = (values) => ({ channels: values.length, height: 1, width: 1, values });

  // Features of a missing sense are 0, as in the package.
  const logits = (features) => {
    const joined = ["image", "text", "audio"].flatMap((sense) => [...(features[sense] ?? new Float64Array(32))]);
    const u = vector(linear(joined, "fusion.project"));
    const bent = relu(vector(linear(byChannel(u, "fusion.norm").values, "fusion.expand")));
    const z = relu(add(u, vector(linear(bent.values, "fusion.contract"))));
    return linear(z.values, "head");
  };

  const softmax = (y) => {
    const top = Math.max(...y), powers = y.map((value) => Math.exp(value - top));
    const sum = powers.reduce((a, b) => a + b);
    return [...powers.map((value) => value / sum)];
  };

  // Inputs by sense; one that is missing or null is not there.
  const features = (inputs) => Object.fromEntries(
    Object.entries(inputs).filter(([, input]) => input?.length).map(([sense, input]) => [sense, encoders[sense](input)]),
  );

  return { features, logits, softmax, spectrogram, morse: liveData.morse, scans: liveData.scans };
})();
