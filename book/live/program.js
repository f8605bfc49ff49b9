// The program of the welcome page: what the reader draws, types and hears, and what the network says.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const root = document.querySelector("#live");
  if (!root) return;
  const find = (selector) => root.querySelector(selector);
  const senses = ["image", "text", "audio"];
  const state = { ink: new Uint8Array(32 * 32), grain: [], sound: [], features: {} };

  // Noise is drawn once, so that a slider changes how much of it there is and not which.
  const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  const grains = (count) => Float64Array.from({ length: count }, normal);
  const noise = { image: grains(64), audio: grains(8000) };

  // ---- Picture: 32 × 32 dots, counted in squares of 4 × 4, as the scans of the book were made.
  const canvas = find("canvas"), pen = canvas.getContext("2d");
  const small = find("canvas + canvas"), seen = small.getContext("2d");

  const paint = () => {
    const style = getComputedStyle(root), size = canvas.width / 32;
    pen.fillStyle = style.getPropertyValue("--paper");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = style.getPropertyValue("--ink");
    state.ink.forEach((dot, i) => dot && pen.fillRect((i % 32) * size, Math.floor(i / 32) * size, size, size));
    const pixels = picture();
    for (let i = 0; i < 64; i++) {
      const gray = Math.round(255 * (1 - Math.min(Math.max(pixels ? pixels[i] : 0, 0), 1)));
      seen.fillStyle = `rgb(${gray}, ${gray}, ${gray})`;
      seen.fillRect((i % 8) * 12, Math.floor(i / 8) * 12, 12, 12);
    }
  };

  const dot = (x, y) => {
    for (let row = -1; row <= 1; row++) {
      for (let column = -1; column <= 1; column++) {
        const i = Math.round(y) + row, j = Math.round(x) + column;
        if (i >= 0 && i < 32 && j >= 0 && j < 32) state.ink[32 * i + j] = 1;
      }
    }
  };

  // As NIST's program did: the digit fills the height, or, if it is broad, a width of 20 dots.
  const fitted = () => {
    const dots = [...state.ink.keys()].filter((i) => state.ink[i]);
    if (!dots.length) return null;
    const rows = dots.map((i) => Math.floor(i / 32)), columns = dots.map((i) => i % 32);
    const top = Math.min(...rows), left = Math.min(...columns);
    const height = Math.max(...rows) - top + 1, width = Math.max(...columns) - left + 1;
    const scale = Math.min(32 / height, 20 / width), shift = (32 - width * scale) / 2;
    const rise = (32 - height * scale) / 2, counts = new Float64Array(64);
    for (let i = 0; i < 32; i++) {
      for (let j = 0; j < 32; j++) {
        const row = Math.floor((i - rise + 0.5) / scale) + top, column = Math.floor((j - shift + 0.5) / scale) + left;
        const inside = row >= top && row < top + height && column >= left && column < left + width;
        if (inside && state.ink[32 * row + column]) counts[8 * Math.floor(i / 4) + Math.floor(j / 4)] += 1 / 16;
      }
    }
    return counts;
  };

  const picture = () => {
    const counts = state.scan ?? fitted(), amount = Number(find("[name=image-noise]").value);
    return counts && counts.map((value, i) => value + amount * noise.image[i]);
  };

  // A stored scan has 64 counts only; its drawing is where the values between them pass a half.
  const load = (digit) => {
    state.scan = Float64Array.from(live.scans[digit], (count) => count / 16);
    const at = (i, j) => (i < 0 || i > 7 || j < 0 || j > 7 ? 0 : state.scan[8 * i + j]);
    state.ink.forEach((_, place) => {
      const y = (Math.floor(place / 32) + 0.5) / 4 - 0.5, x = ((place % 32) + 0.5) / 4 - 0.5;
      const i = Math.floor(y), j = Math.floor(x), down = y - i, right = x - j;
      const above = (1 - right) * at(i, j) + right * at(i, j + 1);
      const below = (1 - right) * at(i + 1, j) + right * at(i + 1, j + 1);
      state.ink[place] = (1 - down) * above + down * below > 0.45 ? 1 : 0;
    });
  };

  let last = null;
  const draw = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 32 - 0.5, y = ((event.clientY - box.top) / box.height) * 32 - 0.5;
    const steps = last ? Math.ceil(2 * Math.hypot(x - last.x, y - last.y)) : 1;
    for (let k = 1; k <= steps; k++) {
      const part = last ? k / steps : 1, from = last ?? { x, y };
      dot(from.x + part * (x - from.x), from.y + part * (y - from.y));
    }
    last = { x, y };
    changed("image");
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (state.scan) state.ink.fill(0);
    state.scan = null;
    canvas.setPointerCapture(event.pointerId);
    draw(event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => last && draw(event));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });

  // ---- Word: its bytes, as the network gets them; spoiled letters are swapped with their neighbors.
  const word = () => {
    const letters = [...find("[name=word]").value.trim().slice(0, 24)];
    return [...new TextEncoder().encode(letters.join(""))].slice(0, 24);
  };
  find("[name=mistype]").addEventListener("click", () => {
    const letters = [...find("[name=word]").value];
    const i = Math.floor(Math.random() * Math.max(letters.length - 1, 1));
    if (letters.length > 1) [letters[i], letters[i + 1]] = [letters[i + 1], letters[i]];
    find("[name=word]").value = letters.join("");
    changed("text");
  });

  // ---- Sound: Morse code at 30 words a minute, 700 hertz, one second.
  const RATE = 8000, DOT = 0.04 * RATE;
  const tone = () => {
    const samples = new Float64Array(RATE), signals = live.morse[Number(find("[name=code]").value)];
    const lengths = [...signals].map((signal) => (signal === "-" ? 3 : 1) * DOT);
    let at = (RATE - lengths.reduce((a, b) => a + b + DOT, -DOT)) / 2;
    for (const length of lengths) {
      for (let n = 0; n < length; n++) {
        const edge = Math.min(n, length - n) / (0.005 * RATE);
        const swell = 0.5 - 0.5 * Math.cos(Math.PI * Math.min(edge, 1));
        samples[Math.round(at) + n] = swell * Math.sin((2 * Math.PI * 700 * n) / RATE);
      }
      at += length + DOT;
    }
    const amount = Number(find("[name=audio-noise]").value);
    const mixed = samples.map((value, n) => value + amount * noise.audio[n]);
    const peak = mixed.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return mixed.map((value) => (0.6 * value) / peak);
  };
  let speaker = null;
  find("[name=play]").addEventListener("click", () => {
    speaker ??= new AudioContext();
    const buffer = speaker.createBuffer(1, RATE, RATE);
    buffer.copyToChannel(Float32Array.from(tone()), 0);
    const source = new AudioBufferSourceNode(speaker, { buffer });
    source.connect(speaker.destination);
    source.start();
  });

  // ---- The answer: a row of ten bars for all senses together, and one for each alone.
  const rows = Object.fromEntries(["all", ...senses].map((name) => {
    const cells = find(`tr[data-row=${name}]`);
    for (let digit = 0; digit < 10; digit++) cells.insertCell().append(document.createElement("span"));
    return [name, cells];
  }));
  const show = (name, shares) => {
    [...rows[name].cells].slice(1).forEach((cell, digit) => {
      const share = shares ? shares[digit] : 0, percent = Math.round(100 * share);
      cell.style.setProperty("--share", share.toFixed(3));
      cell.firstChild.textContent = shares && percent ? percent : "";
      cell.classList.toggle("best", Boolean(shares) && share === Math.max(...shares));
    });
  };

  const input = { image: picture, text: word, audio: tone };
  const answer = () => {
    const used = {};
    for (const sense of senses) {
      const there = find(`[name=use-${sense}]`).checked && state.features[sense];
      rows[sense].classList.toggle("off", !there);
      show(sense, there ? live.softmax(live.logits({ [sense]: there })) : null);
      if (there) used[sense] = there;
    }
    const shares = Object.keys(used).length ? live.softmax(live.logits(used)) : null;
    show("all", shares);
    const digit = shares && shares.indexOf(Math.max(...shares));
    find("output").textContent = shares
      ? `The network says ${digit}, and gives it ${Math.round(100 * shares[digit])}\u00a0%.`
      : "The network has nothing to see, read or hear.";
  };
  const waiting = new Set();
  const changed = (...which) => {
    if (!waiting.size) {
      requestAnimationFrame(() => {
        for (const sense of waiting) state.features[sense] = live.features({ [sense]: input[sense]() })[sense];
        waiting.clear();
        paint();
        answer();
      });
    }
    which.forEach((sense) => waiting.add(sense));
  };

  root.addEventListener("input", ({ target }) => {
    if (target.name === "example") load(Number(target.value));
    if (target.dataset.sense) changed(target.dataset.sense);
    else answer();
  });
  find("[name=clear]").addEventListener("click", () => {
    state.ink.fill(0);
    state.scan = null;
    changed("image");
  });

  load(7);
  root.hidden = false;
  document.querySelector("#live-still")?.setAttribute("hidden", "");
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  changed(...senses);
});
