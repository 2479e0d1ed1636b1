"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const svgNames = "http://www.w3.org/2000/svg";
const shareNames = ["handed on", "biases", "stabiliser", "dropped"];
const shareColours = data.shares.map(rgb => `rgb(${rgb.join(",")})`);
// Okabe & Ito (2008), whose colours the colour-blind can tell apart; dashes do the same without any.
const lineColours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "currentColor"];
const dashes = ["", "7 3", "2 3", "9 3 2 3"];

const settings = {strength: 0.75, percentile: 99.5, contour: 0, numbers: true, map: data.maps.find(map => map.chosen) ?? data.maps[0]};

/** An element of HTML; everything that comes from the data is text and never markup. */
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}
function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(svgNames, tag), attributes, children);
}
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  node.append(...children.filter(child => child != null));
  return node;
}

/** The end of a name that is too long, where nodes of one network differ. */
const tail = (name, most) => name.length > most ? "…" + name.slice(1 - most) : name;

/** Four significant digits, as a person writes them; what is not finite is a dash. */
function inWords(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  const text = size === 0 ? "0"
    : size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
  return text.replaceAll("-", "−");
}

/** With as many decimals as give the largest magnitude two digits, as the program's pictures have it (words.cpp). */
function inPlaces(value, largest) {
  const places = largest > 0 ? Math.min(9, Math.max(0, 1 - Math.floor(Math.log10(largest)))) : 0;
  const text = value.toFixed(places);
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
}

/** 16 bits, the lower byte first. */
function decoded(text) {
  const bytes = atob(text), values = new Int16Array(bytes.length / 2);
  for (let i = 0; i < values.length; ++i)
    values[i] = bytes.charCodeAt(2 * i) | bytes.charCodeAt(2 * i + 1) << 8;
  return values;
}

/** The relevances of a view; they are made when they are first shown. */
function relevance(view) {
  if (!view.made) {
    const steps = decoded(view.relevance.values);
    view.made = {steps, unit: view.relevance.scale / 32767, sorted: Uint16Array.from(steps, Math.abs).sort()};
  }
  return view.made;
}

/** What gets the strongest colour: the program's own rule (heatmap_scale), by the nearest rank. */
function strongest({sorted}) {
  const rank = Math.max(1, Math.ceil(settings.percentile * sorted.length / 100 - 1e-6));
  return sorted[rank - 1] || sorted[sorted.length - 1];
}

/** The colour of a strength from −1 to 1, by straight lines between the map's. */
function colour(strength) {
  const map = settings.map;
  map.rgb ??= map.colours.match(/../g).map(digits => parseInt(digits, 16));
  const last = map.rgb.length / 3 - 1, place = (strength + 1) / 2 * last;
  const first = Math.min(Math.floor(place), last - 1), share = place - first;
  return [0, 1, 2].map(c => map.rgb[3 * first + c] * (1 - share) + map.rgb[3 * first + 3 + c] * share);
}

/** 256 colours to each side of 0: a picture asks for them by the pixel. */
function palette() {
  if (settings.map.palette) return settings.map.palette;
  const all = [];
  for (let i = -256; i <= 256; ++i) all.push(colour(i / 256));
  return settings.map.palette = all;
}

/**
 * Image and heatmap as one: at strength 0 the image, at 1/2 the image, grey and pale, under what is relevant (as the
 * program's own pictures have it), at 1 the heatmap alone.
 */
function paint(canvas, view, image) {
  const made = relevance(view), most = strongest(made), colours = palette();
  const out = new ImageData(canvas.width, canvas.height);
  const s = settings.strength, toBoth = Math.min(1, 2 * s), toHeat = Math.max(0, 2 * s - 1);
  for (let p = 0; p < made.steps.length; ++p) {
    const share = most > 0 ? Math.max(-1, Math.min(1, made.steps[p] / most)) : 0;
    const heat = colours[Math.round(share * 256) + 256], weight = Math.abs(share);
    const r = image ? image[4 * p] : 255, g = image ? image[4 * p + 1] : 255, b = image ? image[4 * p + 2] : 255;
    const under = 255 - (255 - (0.299 * r + 0.587 * g + 0.114 * b)) * 5 / 8;
    for (let c = 0; c < 3; ++c) {
      const pixel = c === 0 ? r : c === 1 ? g : b;
      const both = under + (heat[c] - under) * weight;
      out.data[4 * p + c] = (pixel + (both - pixel) * toBoth) * (1 - toHeat) + heat[c] * toHeat;
    }
    out.data[4 * p + 3] = 255;
  }
  canvas.getContext("2d").putImageData(out, 0, 0);
}

/** A line around the pixels that are inside. */
function outline({width, height}, isInside) {
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && isInside(y * width + x);
  let path = "";
  for (let y = 0; y <= height; ++y)
    for (let x = 0; x <= width; ++x) {
      if (inside(x, y) !== inside(x, y - 1)) path += `M${x} ${y}h1`;
      if (inside(x, y) !== inside(x - 1, y)) path += `M${x} ${y}v1`;
    }
  return path;
}
/** Around those that are in the top so many per cent, and above 0: as top_values (figure.cpp) has it. */
function contour(input, {steps}) {
  if (settings.contour === 0) return "";
  const count = Math.max(1, Math.ceil(settings.contour / 100 * steps.length - 1e-6));
  const least = Math.max(1, Int16Array.from(steps).sort()[steps.length - count]);
  return outline(input, p => steps[p] >= least);
}
/** What draws such a line over a picture: white, and dark on it. */
const outlineShapes = path => ["#fff", "#222"].map((stroke, i) => drawn("path", {d: path, stroke, fill: "none",
  "stroke-width": 3 - 1.7 * i, "vector-effect": "non-scaling-stroke"}));
const outlineOver = ({width, height}, shapes) => drawn("svg", {class: "contour", viewBox: `0 0 ${width} ${height}`,
  preserveAspectRatio: "none", "aria-hidden": true}, ...shapes);
/** Small images as large as whole pixels make them; large ones as they are, but for the screen's sake. */
const shownWidth = ({width, height}, side, most) => width > side ? Math.min(width, most)
  : Math.max(1, Math.round(side * 1.05 / Math.max(width, height / 2))) * width;

// --- The books.

/** Hatching for what is negative, so that its sign is no matter of colour. */
const hatching = drawn("svg", {width: 0, height: 0, style: "position:absolute", "aria-hidden": true},
  drawn("defs", {}, ...shareColours.map((fill, i) =>
    drawn("pattern", {id: `negative${i}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
      drawn("rect", {width: 6, height: 6, fill: "#fff"}), drawn("rect", {width: 3.5, height: 6, fill})))));
const shareFill = (share, amount) => amount < 0 ? `url(#negative${share})` : shareColours[share];

function legend() {
  const entry = (fill, text) => element("li", {}, drawn("svg", {viewBox: "0 0 12 12", "aria-hidden": true},
    drawn("rect", {width: 12, height: 12, fill})), text);
  return element("ul", {class: "legend"}, ...shareNames.map((name, i) => entry(shareColours[i], name)),
    entry("url(#negative0)", "hatched: negative"));
}

/** Amounts one behind the other: what is negative to the left of 0, what is positive to its right. */
function stacked(amounts, low, high, width, height) {
  const x = amount => high > low ? (amount - low) / (high - low) * width : 0;
  const bar = drawn("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": true});
  let left = 0, right = 0;
  amounts.forEach((amount, i) => {
    if (!amount) return;
    const from = amount < 0 ? left += amount : right;
    if (amount > 0) right += amount;
    bar.append(drawn("rect", {x: x(from), y: 2, width: x(from + Math.abs(amount)) - x(from), height: height - 4,
      fill: shareFill(i, amount)}));
  });
  bar.append(drawn("line", {x1: x(0), x2: x(0), y1: 0, y2: height, stroke: "currentColor", "vector-effect": "non-scaling-stroke"}));
  return bar;
}
const sumOf = (amounts, sign) => amounts.reduce((sum, a) => sum + Math.max(0, sign * a), 0);

function totalsBar(books, width) {
  const amounts = books.slice(1);
  const bar = stacked(amounts, -sumOf(amounts, -1), sumOf(amounts, 1), width, 10);
  bar.classList.add("bar");
  bar.removeAttribute("aria-hidden");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", "Of " + inWords(books[0]) + ": input " + inWords(amounts[0]) + ", " +
    shareNames.slice(1).map((name, i) => name + " " + inWords(amounts[i + 1])).join(", "));
  bar.append(drawn("title", {}, bar.getAttribute("aria-label")));
  return bar;
}

/** The books of each node, from the output down: what it took itself, and how the start is shared out by then. */
function nodeTable(view, method) {
  const of = i => view.nodes.slice(5 * i, 5 * i + 5);
  const taken = [0, 0, 0];
  const rows = [];
  for (let i = data.nodes.length - 1; i >= 0; --i) {
    const [, , ...own] = of(i);
    own.forEach((amount, k) => taken[k] += amount);
    const carried = view.books[0] - taken[0] - taken[1] - taken[2];
    rows.push({node: data.nodes[i], rule: method.rules[i], own, enter: of(i)[0], soFar: [carried, ...taken]});
  }
  const low = -Math.max(...rows.map(row => sumOf(row.soFar, -1))), high = Math.max(...rows.map(row => sumOf(row.soFar, 1)));
  const lines = [0, 1, 2].filter(k => rows.some(row => row.own[k]));
  const number = amount => element("td", {class: "number"}, amount ? inWords(amount) : "");
  return element("table", {class: "nodes"},
    element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "node"),
      element("th", {scope: "col", class: "number"}, "arrives"), element("th", {scope: "col"}, "the start, shared out"),
      ...lines.map(k => element("th", {scope: "col", class: "number"}, shareNames[k + 1])))),
    element("tbody", {}, ...rows.map(row => {
      const title = [row.node.name, row.node.kind, row.node.shape, row.rule].filter(Boolean).join("\n");
      return element("tr", {title}, element("th", {scope: "row"}, tail(row.node.name, 26)), number(row.enter),
        element("td", {class: "bar-cell"}, stacked(row.soFar, low, high, 192, 15)), ...lines.map(k => number(row.own[k])));
    })));
}

// --- The paths.

/**
 * The network from its output down to its input. A node's row is the longest way to it; an edge that passes rows has a
 * place in each of them, so that paths do not cross nodes. Nodes of a row stand in the order of what is above them.
 */
function layout() {
  const rank = new Array(data.nodes.length).fill(0);
  for (let i = data.nodes.length - 1; i >= 0; --i)
    for (const [node, input] of data.edges)
      if (node === i) rank[input] = Math.max(rank[input], rank[i] + 1);
  const rows = [];
  const put = (row, item) => (rows[row] ??= []).push(item);
  rank.forEach((row, node) => put(row, {node, above: []}));
  const itemOf = new Map(rows.flat().map(item => [item.node, item]));
  const chains = data.edges.map(([node, input], edge) => {
    const chain = [itemOf.get(node)];
    for (let row = rank[node] + 1; row < rank[input]; ++row) {
      const item = {edge, above: [chain.at(-1)]};
      put(row, item);
      chain.push(item);
    }
    itemOf.get(input).above.push(chain.at(-1));
    return [...chain, itemOf.get(input)];
  });
  let columns = 1;
  rows.forEach((row, r) => {
    for (const item of row)
      item.wish = item.above.length ? item.above.reduce((sum, a) => sum + a.place, 0) / item.above.length : 0;
    row.sort((a, b) => a.wish - b.wish);
    row.forEach((item, k) => Object.assign(item, {place: k - (row.length - 1) / 2, row: r}));
    columns = Math.max(columns, row.length);
  });
  return {rows, chains, itemOf, columns};
}
let network;

function paths(view) {
  network ??= layout();
  const {rows, chains, itemOf, columns} = network;
  const left = 130, right = 150, lane = 110, thick = 64;
  const width = left + columns * lane + right;
  const enter = i => view.nodes[5 * i] ?? 0;
  let most = 0;
  data.nodes.forEach((_, i) => { for (let k = 0; k < 5; ++k) most = Math.max(most, Math.abs(view.nodes[5 * i + k] ?? 0)); });
  for (const amount of view.paths) most = Math.max(most, Math.abs(amount ?? 0));
  const wide = amount => most > 0 ? Math.abs(amount) / most * thick : 0;
  const x = item => left + columns * lane / 2 + item.place * lane, tops = [24];
  // A row is as high as what leaves its nodes needs: to the right, one under the other.
  const lost = node => [2, 3, 4].map(line => ({line, amount: view.nodes[5 * node + line]}))
    .filter(({amount}) => amount && wide(amount) >= 0.25).map(one => ({...one, w: Math.max(1, wide(one.amount))}));
  const tall = ({w}) => Math.max(w, 12) + 2;
  for (const row of rows)
    tops.push(tops.at(-1) + Math.max(44, ...row.map(({node}) => node == null ? 0 : 14 + lost(node).reduce((sum, one) => sum + tall(one), 0))));
  const y = item => tops[item.row], height = tops.at(-1) - 10;
  const picture = drawn("svg", {class: "plot", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": "The network from its output (top) to its input; the width of a path is the relevance that it carried"});
  const [leaving, carried, places, names] = [0, 1, 2, 3].map(() => picture.appendChild(drawn("g")));
  names.classList.add("names");
  const titled = (shape, text) => { shape.append(drawn("title", {}, text)); return shape; };
  // A band of equal width from one place to another.
  const band = (x1, y1, x2, y2, w, attributes) => {
    const half = Math.max(w, 0.8) / 2, middle = (y1 + y2) / 2;
    return drawn("path", {d: `M${x1 - half},${y1}C${x1 - half},${middle} ${x2 - half},${middle} ${x2 - half},${y2}` +
      `H${x2 + half}C${x2 + half},${middle} ${x1 + half},${middle} ${x1 + half},${y1}Z`, ...attributes});
  };
  // Where on its node an edge begins or ends: side by side, in the order of the places that it goes to.
  const spread = (edges, other) => {
    const at = new Map(), sorted = [...edges].sort((a, b) => other(a).place - other(b).place);
    let from = -edges.reduce((sum, e) => sum + wide(view.paths[e] ?? 0), 0) / 2;
    for (const e of sorted) {
      const w = wide(view.paths[e] ?? 0);
      at.set(e, from + w / 2);
      from += w;
    }
    return at;
  };
  const starts = new Map(), ends = new Map();
  data.nodes.forEach((_, i) => {
    const all = [...chains.keys()];
    for (const [e, at] of spread(all.filter(e => data.edges[e][0] === i), e => chains[e][1])) starts.set(e, at);
    for (const [e, at] of spread(all.filter(e => data.edges[e][1] === i), e => chains[e].at(-2))) ends.set(e, at);
  });
  chains.forEach((chain, e) => {
    const amount = view.paths[e];
    const [node, input] = data.edges[e].map(i => data.nodes[i].name);
    const look = amount == null ? {fill: "none", stroke: "#888", "stroke-dasharray": "4 3"} : {fill: shareFill(0, amount), opacity: .8};
    for (let k = 0; k + 1 < chain.length; ++k) {
      const first = k === 0, last = k + 2 === chain.length;
      const from = x(chain[k]) + (first ? starts.get(e) : 0), to = x(chain[k + 1]) + (last ? ends.get(e) : 0);
      carried.append(titled(band(from, y(chain[k]) + (first ? 4 : 0), to, y(chain[k + 1]) - (last ? 4 : 0), wide(amount ?? 0), look),
        `${node} → ${input}: ${amount == null ? "the books do not tell these paths apart" : inWords(amount)}`));
    }
  });
  for (const [i, item] of itemOf) {
    const node = data.nodes[i], arrived = enter(i), half = Math.max(wide(arrived), wide(view.nodes[5 * i + 1] ?? 0), 6) / 2;
    places.append(titled(drawn("rect", {x: x(item) - half, y: y(item) - 4, width: 2 * half, height: 8, rx: 1,
      fill: arrived ? "currentColor" : "#999"}), `${node.name}: ${inWords(arrived)} arrives`));
    // Beside the node where nothing else stands, else above it.
    const leftmost = rows[item.row][0] === item;
    names.append(leftmost ? drawn("text", {x: x(item) - Math.max(half, wide(most) / 4) - 10, y: y(item) + 4, "text-anchor": "end"}, tail(node.name, 22))
      : drawn("text", {x: x(item), y: y(item) - 7, "text-anchor": "middle"}, tail(node.name, 14)));
    let below = y(item) - 4;
    for (const {line, amount, w} of lost(i)) {
      const from = x(item) + half, to = Math.max(from + 24, left + columns * lane - 10), words = `${shareNames[line - 1]} ${inWords(amount)}`;
      leaving.append(titled(drawn("rect", {x: from, y: below, width: to - from, height: w, fill: shareFill(line - 1, amount), opacity: .9}), `${node.name}: ${words}`),
        drawn("text", {class: "soft", x: to + 5, y: below + w / 2 + 4}, words));
      below += tall({w});
    }
  }
  return picture;
}

// --- Inputs.

const everyInput = [], sampleOf = new Map();

/** The bytes of a picture, four a pixel; null where there is none. */
async function pixelsOf(input) {
  if (!input.picture) return null;
  const image = new Image();
  image.src = input.picture;
  await image.decode();
  const canvas = element("canvas", {width: input.width, height: input.height}), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, input.width, input.height).data;
}

/** Words on their colours, a paragraph for each text; pieces of one word stay together. */
function wordsOf(input, made, point) {
  const most = strongest(made), largest = made.sorted[made.sorted.length - 1] * made.unit, paragraphs = [], all = [];
  input.words.forEach((word, i) => {
    const share = most > 0 ? Math.max(-1, Math.min(1, made.steps[i] / most)) : 0, amount = made.steps[i] * made.unit;
    // As strong as the scale shows it where the slider stands at first.
    const rgb = colour(share).map(c => Math.round(255 + (c - 255) * Math.min(1, settings.strength / 0.75)));
    const dark = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] < 128;
    const shown = element("span", {class: word.special ? "word special" : "word", title: `${word.piece}: ${inWords(amount)}`,
      onpointerenter: () => point(i)}, element("b", {style: `background:rgb(${rgb});color:${dark ? "#fff" : "#000"}`}, word.text),
      settings.numbers ? element("i", {}, inPlaces(amount, largest)) : null);
    if (i === 0 || word.part !== input.words[i - 1].part) paragraphs.push(element("p"));
    const paragraph = paragraphs[paragraphs.length - 1];
    if (word.joined && paragraph.lastChild) paragraph.lastChild.append(shown);
    else paragraph.append(element("span", {class: "whole"}, shown));
    all.push(shown);
  });
  return {paragraphs, all};
}

/**
 * A view's picture, or its words, with all that follows the pointer and the sliders. A part is one of the inputs of the
 * network, of a sample that may have several.
 */
function viewOf(input, part, index) {
  const method = data.methods[index], wordly = input.words != null;
  // A button chooses among methods; one by itself says what it is.
  const button = data.methods.length > 1
    ? element("button", {type: "button", "aria-pressed": "false", title: method.summary, onclick: () => part.choose(index)}, method.name)
    : element("span", {title: method.summary}, element("strong", {}, method.name), wordly ? `: ${method.summary}` : "");
  const value = element("div", {class: "value"});
  const line = element("div", {class: "scale", "aria-hidden": true}, element("i"), element("span"), element("span"), element("span"));
  const bar = element("div");
  const self = {button, get view() { return input.outputs[part.sample.output].views[index]; }};
  let shown, surface, lines;
  // Arrow keys and the pointer move over pixels, or over words.
  const follow = (surface, begin, moves) => {
    surface.addEventListener("pointerleave", () => part.point(null));
    surface.addEventListener("blur", () => part.point(null));
    surface.addEventListener("keydown", event => {
      if (event.key === "Escape") return part.point(null);
      if (!moves[event.key]) return;
      event.preventDefault();
      const [x, y] = part.at ?? begin, [dx, dy] = part.at ? moves[event.key] : [0, 0];
      part.point(x + dx, y + dy);
    });
  };
  const sideways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0]};
  if (wordly) {
    shown = element("div", {class: "words", tabindex: 0, role: "group"});
    follow(shown, [0, 0], sideways);
    value.setAttribute("aria-live", "polite");
  } else {
    surface = element("canvas", {width: input.width, height: input.height, tabindex: 0, role: "img"});
    self.cross = element("div", {class: "cross", hidden: true});
    lines = outlineShapes("");
    shown = element("div", {class: "picture"}, surface, outlineOver(input, lines), self.cross);
    surface.addEventListener("pointermove", event => {
      const box = surface.getBoundingClientRect();
      part.point(Math.floor((event.clientX - box.left) / box.width * input.width),
        Math.floor((event.clientY - box.top) / box.height * input.height));
    });
    follow(surface, [Math.floor(input.width / 2), Math.floor(input.height / 2)],
      {...sideways, ArrowUp: [0, -1], ArrowDown: [0, 1]});
  }
  line.style.width = bar.style.width = part.width + "px";
  self.figure = element("figure", {class: wordly ? "text" : "", style: wordly ? null : `width:${part.width}px`},
    element("figcaption", {}, button), shown, value, line, bar);
  self.describe = () => {
    const {view} = self, made = relevance(view), most = strongest(made) * made.unit, output = input.outputs[part.sample.output];
    const [, low, middle, high] = line.children;
    const sequential = settings.map.name === "magnitude";
    const end = value => wordly ? inPlaces(value, most) : inWords(value);
    low.textContent = sequential ? "0" : end(-most) + (wordly ? " against" : "");
    middle.textContent = sequential ? "" : "0";
    high.textContent = end(most) + (wordly && !sequential ? " for" : "");
    line.children[0].style.background = `linear-gradient(to right, ${Array.from({length: 17}, (_, i) =>
      `rgb(${colour(sequential ? i / 16 : i / 8 - 1).map(Math.round)})`).join()})`;
    (surface ?? shown).setAttribute("aria-label", `${input.name}, ${output.name} explained by ${method.name}: relevances up to ` +
      `${inWords(view.relevance.scale)}. Arrow keys move over its ${wordly ? "words" : "pixels"}.`);
    bar.replaceChildren(...(view.books ? [method.books ? totalsBar(view.books, part.width) : element("div", {class: "note"}, "no books")] : []));
    if (part.several) bar.append(element("div", {class: "note"}, "adds up to " + inWords(made.steps.reduce((sum, v) => sum + v, 0) * made.unit)));
    self.figure.title = view.note ?? "";
    if (view.note) bar.append(element("div", {class: "note"}, view.note));
  };
  self.paint = () => {
    if (surface) {
      paint(surface, self.view, part.image);
      const path = contour(input, relevance(self.view));
      for (const line of lines) line.setAttribute("d", path);
      return;
    }
    self.words = wordsOf(input, relevance(self.view), i => part.point(i, 0));
    shown.replaceChildren(...self.words.paragraphs);
  };
  self.point = at => {
    self.words?.all.forEach((word, i) => word.classList.toggle("at", at?.[0] === i));
    if (!at) {
      value.textContent = "";
      if (self.cross) self.cross.hidden = true;
      return;
    }
    const [x, y] = at, made = relevance(self.view), amount = inWords(made.steps[y * input.width + x] * made.unit);
    value.textContent = wordly ? `${input.words[x].piece}: ${amount}` : `(${x}, ${y}): ${amount}`;
    if (!self.cross) return;
    self.cross.hidden = false;
    const size = Math.max(100 / input.width, 3), tall = size * input.width / input.height;
    Object.assign(self.cross.style, {width: size + "%", height: tall + "%",
      left: (x + .5) * 100 / input.width - size / 2 + "%", top: (y + .5) * 100 / input.height - tall / 2 + "%"});
  };
  return self;
}

/** An input of the network, of one sample: what it was, and its relevance by every method. */
function partOfSample(input, sample, several) {
  const part = {input, sample, several, at: null, image: null, views: []};
  part.width = input.words ? 320 : shownWidth(input, 160, 320);
  part.choose = index => { sample.method = index; sample.showBooks(); };
  part.views = data.methods.map((_, index) => viewOf(input, part, index));
  part.element = element("div", {class: "views"});
  if (input.picture)
    part.element.append(element("figure", {style: `width:${part.width}px`}, element("figcaption", {}, element("span", {}, "what the network saw")),
      element("div", {class: "picture"}, element("img", {src: input.picture, width: input.width, height: input.height, alt: "The input " + input.name}))));
  part.element.append(...part.views.map(view => view.figure));
  part.point = (x, y) => {
    part.at = x == null ? null : [Math.max(0, Math.min(input.width - 1, x)), Math.max(0, Math.min(input.height - 1, y))];
    for (const view of part.views) view.point(part.at);
  };
  return part;
}

function inputSection(input, number) {
  const section = element("section", {"aria-label": input.name});
  const sample = {output: 0, method: 0, drawn: false};
  const named = output => [element("b", {}, output.name), ": " + inWords(output.value)];
  const choices = input.outputs.length < 2 ? element("p", {class: "target"}, "output ", ...named(input.outputs[0]))
    : element("fieldset", {}, element("legend", {}, "output"), ...input.outputs.map((output, i) =>
      element("label", {class: "choice"}, element("input", {type: "radio", name: `output${number}`, checked: i === 0,
        onchange: () => { sample.output = i; sample.show(); }}), " ", ...named(output))));
  const others = input.others ?? [];
  // The books are those of all inputs; the other ones have relevances alone.
  const parts = [partOfSample(input, sample, others.length > 0), ...others.map((other, k) => partOfSample({...other, outputs: input.outputs.map(output =>
    ({...output, views: output.views.map(view => ({relevance: view.others[k]}))}))}, sample, true))];
  const views = parts.map(part => part.views).flat();
  const names = [input.input, ...others.map(other => other.name)];
  const heading = element("h3"), books = element("div", {class: "books"}), totals = element("p", {class: "note"});
  section.append(element("h2", {}, input.name), choices,
    ...parts.flatMap((part, k) => others.length ? [element("h3", {}, names[k]), part.element] : [part.element]), heading, totals, books);

  sample.paint = () => {
    if (!sample.drawn) return;
    for (const view of views) { view.paint(); view.describe(); }
  };
  sample.showBooks = () => {
    const method = data.methods[sample.method], output = input.outputs[sample.output], view = output.views[sample.method];
    for (const part of parts) part.views.forEach((one, i) => one.button.matches("button") && one.button.setAttribute("aria-pressed", String(i === sample.method)));
    heading.textContent = `Where ${method.name} let the relevance of ${output.name} go`;
    const [start, leave, ...rest] = view.books;
    totals.textContent = method.books ? `start ${inWords(start)} = input ${inWords(leave)}, ` +
      shareNames.slice(1).map((name, k) => `${name} ${inWords(rest[k])}`).join(", ")
      : `${method.name} conserves nothing and has no books; its relevances add up to ${inWords(leave)}`;
    books.replaceChildren();
    if (!view.nodes) return books.append(...(method.books ? [legend()] : []));
    books.append(element("div", {}, legend(), element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "The books, node by node"},
      nodeTable(view, method))), element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "The paths of relevance"}, paths(view)));
  };
  sample.show = () => {
    sample.drawn = true;
    sample.paint();
    for (const part of parts) part.point(null);
    sample.showBooks();
  };
  sample.begin = () => sample.begun ??= (async () => {
    for (const part of parts) part.image = await pixelsOf(part.input);
    sample.show();
  })();
  everyInput.push(sample);
  sampleOf.set(section, sample);
  return section;
}

// --- Galleries.

function gallerySection(gallery) {
  const region = new Set(gallery.region), part = {images: null};
  const tiles = gallery.tiles.map(tile => {
    const width = shownWidth(tile, 110, 220);
    const surface = element("canvas", {width: tile.width, height: tile.height, role: "img", "aria-label": `${tile.name}: its heatmap`});
    const outlined = () => outlineOver(tile, region.size ? outlineShapes(outline(tile, p => region.has(p))) : []);
    const figure = element("figure", {style: `width:${width}px`}, element("figcaption", {}, element("span", {}, tile.name)),
      tile.picture ? element("div", {class: "picture"},
        element("img", {src: tile.picture, width: tile.width, height: tile.height, alt: `The input ${tile.name}`}), outlined()) : null,
      element("div", {class: "picture"}, surface, outlined()));
    return {tile, surface, figure};
  });
  part.paint = () => {
    if (part.images) tiles.forEach(({tile, surface}, i) => paint(surface, tile, part.images[i]));
  };
  part.begin = () => part.begun ??= (async () => {
    part.images = await Promise.all(gallery.tiles.map(pixelsOf));
    part.paint();
  })();
  const section = element("section", {"aria-label": gallery.title}, element("h2", {}, gallery.title),
    gallery.note ? element("p", {class: "note"}, gallery.note) : null,
    element("div", {class: "views"}, ...tiles.map(one => one.figure)));
  everyInput.push(part);
  sampleOf.set(section, part);
  return section;
}

// --- Tables and plots.

/**
 * A table whose columns sort. A cell is text, or text and the number that it is sorted by; a column with numbers sorts
 * the largest first, and what has none there comes last.
 */
function sortable({title, columns, rows, note}) {
  const text = cell => Array.isArray(cell) ? cell[0] : cell;
  const numeric = columns.map((_, c) => rows.some(row => Array.isArray(row[c])));
  const body = element("tbody");
  const fill = () => body.replaceChildren(...rows.map(row => element("tr", {}, ...row.map((cell, c) =>
    element("td", {class: numeric[c] ? "number" : null}, text(cell))))));
  const sort = c => {
    const natural = numeric[c] ? "descending" : "ascending", other = numeric[c] ? "ascending" : "descending";
    const order = heads[c].getAttribute("aria-sort") === natural ? other : natural, sign = order === "ascending" ? 1 : -1;
    heads.forEach((head, k) => head.setAttribute("aria-sort", k === c ? order : "none"));
    const number = row => Array.isArray(row[c]) ? row[c][1] : null;
    rows = [...rows].sort((a, b) => {
      if (!numeric[c]) return sign * text(a[c]).localeCompare(text(b[c]), "en", {numeric: true});
      const [p, q] = [number(a), number(b)];
      return p == null || q == null ? (p == null) - (q == null) : sign * (p - q);
    });
    fill();
  };
  const heads = columns.map((name, c) => element("th", {scope: "col", class: numeric[c] ? "number" : null, "aria-sort": "none"},
    element("button", {type: "button", onclick: () => sort(c)}, name)));
  fill();
  return element("section", {"aria-label": title}, element("h2", {}, title), note ? element("p", {class: "note"}, note) : null,
    element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": title},
      element("table", {class: "sortable"}, element("thead", {}, element("tr", {}, ...heads)), body)));
}

/** Round numbers between two others: 1, 2 or 5 times a power of ten apart. */
function ticks(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 4)), step = [1, 2, 5, 10].find(m => (high - low) / (m * power) <= 6) * power;
  const all = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) all.push(k * step);
  return all;
}

function plotSection(plot) {
  const points = (...names) => plot.curves.flatMap(curve => names.flatMap(name => curve[name] ?? [])).filter(v => v != null);
  const range = values => {
    const [low, high] =
        values.reduce(([least, most], v) => [Math.min(least, v), Math.max(most, v)], [Infinity, -Infinity]);
    return high > low ? [low, high] : [low - .5, high + .5];
  };
  const [x0, x1] = range(points("x")), [y0, y1] = range(points("y", "low", "high"));
  const width = 920, height = 380, left = 64, right = 350, top = 12, bottom = 46;
  const x = v => left + (v - x0) / (x1 - x0) * (width - left - right), y = v => height - bottom - (v - y0) / (y1 - y0) * (height - top - bottom);
  const picture = drawn("svg", {class: "plot", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: 0,
    "aria-label": `${plot.title}: ${plot.y} over ${plot.x}, curves of ${plot.curves.map(c => c.name).join(", ")}`});
  for (const v of ticks(x0, x1)) picture.append(drawn("line", {x1: x(v), x2: x(v), y1: height - bottom, y2: height - bottom + 5, stroke: "currentColor"}),
    drawn("text", {x: x(v), y: height - bottom + 18, "text-anchor": "middle"}, inWords(Number(v.toPrecision(8)))));
  for (const v of ticks(y0, y1)) picture.append(drawn("line", {x1: left, x2: width - right, y1: y(v), y2: y(v), class: "grid"}),
    drawn("text", {x: left - 7, y: y(v) + 4, "text-anchor": "end"}, inWords(Number(v.toPrecision(8)))));
  picture.append(drawn("path", {d: `M${left},${top}V${height - bottom}H${width - right}`, fill: "none", stroke: "currentColor"}),
    drawn("text", {x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle"}, plot.x),
    drawn("text", {x: 0, y: 0, "text-anchor": "middle", transform: `translate(14 ${(top + height - bottom) / 2}) rotate(-90)`}, plot.y));
  const groups = plot.curves.map((curve, k) => {
    const stroke = lineColours[k % lineColours.length], dash = dashes[Math.floor(k / lineColours.length) % dashes.length];
    const known = curve.x.map((_, i) => i).filter(i => curve.x[i] != null && curve.y[i] != null);
    const line = (values, indices) => indices.map(i => `${x(curve.x[i])},${y(values[i])}`).join("L");
    const group = drawn("g");
    if (curve.low) {
      const both = known.filter(i => curve.low[i] != null && curve.high[i] != null);
      if (both.length) group.append(drawn("path", {d: `M${line(curve.low, both)}L${line(curve.high, [...both].reverse())}Z`, fill: stroke, opacity: .16}));
    }
    if (curve.points) group.append(...known.map(i => drawn("circle", {cx: x(curve.x[i]), cy: y(curve.y[i]), r: 3, fill: stroke, "fill-opacity": .6})));
    else if (known.length) group.append(drawn("path", {d: "M" + line(curve.y, known), fill: "none", stroke, "stroke-width": 2, "stroke-dasharray": dash}));
    group.append(drawn("title", {}, curve.name));
    picture.append(group);
    return {group, stroke, dash, curve, known};
  });
  groups.forEach((own, k) => {
    const {group, stroke, dash, curve} = own;
    const at = top + 8 + k * Math.min(17, (height - top - bottom) / groups.length);
    const entry = drawn("g", {}, curve.points ? drawn("circle", {cx: width - right + 26, cy: at, r: 4, fill: stroke}) : drawn("line", {x1: width - right + 12, x2: width - right + 40, y1: at, y2: at, stroke, "stroke-width": 2.5, "stroke-dasharray": dash}),
      own.text = drawn("text", {x: width - right + 46, y: at + 4}, curve.name));
    const dim = opacity => () => groups.forEach(other => other.group.setAttribute("opacity", other.group === group ? 1 : opacity));
    for (const shape of [group, entry]) {
      shape.addEventListener("pointerenter", dim(.15));
      shape.addEventListener("pointerleave", dim(1));
    }
    picture.append(entry);
  });
  // What the curves are where the pointer is, or the arrow keys: the nearest point of each.
  const ruler = picture.appendChild(drawn("line", {y1: top, y2: height - bottom, stroke: "currentColor", "stroke-dasharray": "2 2", visibility: "hidden"}));
  const lineCurves = groups.filter(({curve}) => !curve.points);
  const places = [...new Set(lineCurves.flatMap(({curve}) => curve.x.filter(v => v != null)))].sort((a, b) => a - b);
  let place = -1;
  const show = k => {
    place = k;
    ruler.setAttribute("visibility", k < 0 ? "hidden" : "visible");
    for (const end of ["x1", "x2"]) ruler.setAttribute(end, k < 0 ? 0 : x(places[k]));
    for (const {text, curve, known} of lineCurves) {
      const near = k < 0 ? null : known.reduce((best, i) => best == null || Math.abs(curve.x[i] - places[k]) < Math.abs(curve.x[best] - places[k]) ? i : best, null);
      text.textContent = near == null ? curve.name : `${curve.name}: ${inWords(curve.y[near])}` +
        (curve.low?.[near] == null || curve.high?.[near] == null ? "" : ` (${inWords(curve.low[near])} to ${inWords(curve.high[near])})`);
    }
  };
  picture.addEventListener("pointermove", event => {
    const box = picture.getBoundingClientRect(), wish = x0 + ((event.clientX - box.left) / box.width * width - left) / (width - left - right) * (x1 - x0);
    show(!places.length || wish < x0 || wish > x1 ? -1 : places.reduce((best, v, k) => Math.abs(v - wish) < Math.abs(places[best] - wish) ? k : best, 0));
  });
  picture.addEventListener("pointerleave", () => show(-1));
  picture.addEventListener("blur", () => show(-1));
  picture.addEventListener("keydown", event => {
    const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === "Escape") show(-1);
    if (!move) return;
    event.preventDefault();
    if (places.length) show(Math.max(0, Math.min(places.length - 1, place + move)));
  });
  return element("section", {"aria-label": plot.title}, element("h2", {}, plot.title), plot.note ? element("p", {class: "note"}, plot.note) : null, picture);
}

/** Every input by every method, as a table. */
function booksTable() {
  const number = value => [inWords(value), value];
  return {
    title: "All books",
    note: "start = input + biases + stabiliser + dropped, to rounding (integrated gradients: to their steps).",
    columns: ["input", "output", "method", "start", "to the input", "Σ |relevance|", ...shareNames.slice(1)],
    rows: data.inputs.flatMap(input => input.outputs.flatMap(output => output.views.map((view, m) => {
      const [start, leave, ...rest] = data.methods[m].books ? view.books : [null, view.books[1], null, null, null];
      return [input.name, output.name, data.methods[m].name, number(start), number(leave), number(view.moved), ...rest.map(number)];
    }))),
  };
}

// --- The page.

const hasWords = data.inputs.some(input => input.words), hasPictures = data.galleries.length > 0 || data.inputs.some(input => !input.words);
/** As a sentence has what the page's inputs are. */
const either = (ofPictures, ofWords) => [hasPictures ? ofPictures : null, hasWords ? ofWords : null].filter(Boolean).join(" or ");

function controls() {
  const slider = (name, label, min, max, step, value, text, set) => {
    const shown = element("output", {for: name}, text(value));
    return element("label", {}, label, element("input", {type: "range", id: name, min, max, step, value, oninput: event => {
      const now = Number(event.target.value);
      set(now);
      shown.textContent = text(now);
      event.target.setAttribute("aria-valuetext", text(now));
      repaint();
    }}), shown);
  };
  return element("div", {class: "controls", role: "group", "aria-label": "How heatmaps are drawn"},
    slider("strength", "heatmap", 0, 100, 1, 100 * settings.strength, v => v + " %", v => { settings.strength = v / 100; }),
    slider("clipping", "clip at", 50, 100, .5, settings.percentile, v => v === 100 ? "the largest" : v + " %", v => { settings.percentile = v; }),
    hasPictures ? slider("contour", "outline the top", 0, 25, .5, settings.contour, v => v === 0 ? "none" : v + " %", v => { settings.contour = v; }) : null,
    hasWords ? element("label", {}, element("input", {type: "checkbox", id: "numbers", checked: true, onchange: event => {
      settings.numbers = event.target.checked;
      repaint();
    }}), "numbers") : null,
    element("label", {}, "colours", element("select", {id: "colours", onchange: event => {
      settings.map = data.maps[event.target.selectedIndex];
      repaint();
    }}, ...data.maps.map(map => element("option", {selected: map === settings.map}, map.name)))));
}

/** Once for all that a slider has said in the meantime. */
let waiting = false;
function repaint() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    for (const sample of everyInput) sample.paint();
  });
}

document.body.append(hatching);
for (const note of data.notes) document.querySelector("header").append(element("p", {class: "note"}, note));
main.append(...data.tables.map(sortable), ...data.plots.map(plotSection));
if (data.inputs.length || data.galleries.length) {
  main.append(controls(), element("p", {class: "note"},
    `Strong colours begin at the magnitude that the chosen share of an input's ${either("pixels", "words")} does not exceed; each ${either("picture", "text")} has its own scale` +
    (data.inputs.length ? ", under it. The bar under that: what became of the output's value." +
      (data.nodes.length ? " A method's name shows its books, node by node." : "") : ".") +
    ` Relevances are sums over ${either("channels", "a word's features")}, and are rounded to 16 bits here: to within 1/65534 of the largest.`));
  const sections = [...data.galleries.map(gallerySection), ...data.inputs.map(inputSection)];
  main.append(...sections);
  // Drawn when they come near, so that a page of many opens at once.
  const watcher = new IntersectionObserver(entries => {
    for (const entry of entries) if (entry.isIntersecting) {
      watcher.unobserve(entry.target);
      sampleOf.get(entry.target).begin();
    }
  }, {rootMargin: "600px"});
  for (const section of sections) watcher.observe(section);
  addEventListener("beforeprint", () => everyInput.forEach(sample => sample.begin()));
  main.append(sortable(booksTable()));
}
})();
