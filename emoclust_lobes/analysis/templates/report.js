"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const SIZE = 420, EDGE = 26;

  // Outlines of the markers around (0, 0); the same shapes as in the figures.
  const OUTLINES = {
    "o": "M6,0A6,6 0 1 1 -6,0A6,6 0 1 1 6,0Z",
    "s": "M-5.4,-5.4H5.4V5.4H-5.4Z",
    "^": "M0,-6.6L6.4,5.2H-6.4Z",
    "D": "M0,-7L7,0L0,7L-7,0Z",
    "v": "M0,6.6L6.4,-5.2H-6.4Z",
    "P": "M-2.4,-6.4H2.4V-2.4H6.4V2.4H2.4V6.4H-2.4V2.4H-6.4V-2.4H-2.4Z",
    "X": "M-6.2,-3.4L-3.4,-6.2L0,-2.8L3.4,-6.2L6.2,-3.4L2.8,0L6.2,3.4L3.4,6.2L0,2.8L-3.4,6.2L-6.2,3.4L-2.8,0Z",
    "*": "M0,-8L2,-2.6L7.6,-2.5L3.2,1L4.7,6.5L0,3.3L-4.7,6.5L-3.2,1L-7.6,-2.5L-2,-2.6Z",
    ".": "M3,0A3,3 0 1 1 -3,0A3,3 0 1 1 3,0Z",
  };

  const element = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const shape = (name, attributes) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const select = (id, names, chosen) => {
    const node = document.getElementById(id);
    for (const [value, text] of names) node.append(element("option", { value }, text));
    if (chosen) node.value = chosen;
    node.addEventListener("change", show);
    return node;
  };

  const emotionName = (code) => (data.emotions[code] || { name: code || "not known" }).name;
  const clusterName = (map, cluster) => {
    const match = map.clusters[cluster].match;
    return "cluster " + cluster + (match ? " (" + emotionName(match) + ")" : "");
  };

  function describe(speaker, map, row) {
    const parts = [speaker.ids[row], clusterName(map, map.cluster[row])];
    if (speaker.emotion[row]) parts.push(emotionName(speaker.emotion[row]));
    if (speaker.sentence[row]) parts.push("sentence " + speaker.sentence[row]);
    return parts.join(", ");
  }

  function play(speaker, map, row) {
    const player = document.getElementById("player");
    document.querySelector("#now-playing span").textContent = describe(speaker, map, row);
    player.src = data.embedded[speaker.ids[row]] || speaker.audio[row];
    player.play().catch(() => {
      document.querySelector("#now-playing span").textContent =
        describe(speaker, map, row) + ": the audio is not at " + speaker.audio[row];
    });
  }

  function drawMap(title, speaker, map, method, look, legend) {
    const svg = shape("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", "aria-label": title });
    const places = map.places[method];
    const xs = places.map((x) => x[0]), ys = places.map((x) => x[1]);
    const middle = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
    // One scale for both axes, so that distances can be compared.
    const range = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)) || 1;
    const scale = (SIZE - 2 * EDGE - 16) / range;
    const listed = new Set(map.examples.map((x) => x[2]));
    places.forEach((place, row) => {
      const { color, marker } = look(row);
      const x = SIZE / 2 + (place[0] - middle[0]) * scale;
      const y = SIZE / 2 - 6 - (place[1] - middle[1]) * scale;
      if (listed.has(row)) {
        svg.append(shape("circle", { cx: x, cy: y, r: 9.5, fill: "none", stroke: "#9aa4b0" }));
      }
      const mark = shape("path", {
        d: OUTLINES[marker], fill: color, transform: `translate(${x} ${y})`,
        class: marker === "*" ? "mark star" : "mark", tabindex: 0,
      });
      const tip = shape("title", {});
      tip.textContent = describe(speaker, map, row);
      mark.append(tip);
      mark.addEventListener("click", () => play(speaker, map, row));
      mark.addEventListener("keydown", (event) => { if (event.key === "Enter") play(speaker, map, row); });
      svg.append(mark);
    });
    const share = (axis) => `PC ${axis + 1}, ${Math.round(100 * map.shares[axis])} % of variance`;
    const names = method === "pca" ? [share(0), share(1)] : ["t-SNE 1 (no unit)", "t-SNE 2 (no unit)"];
    const below = shape("text", { x: SIZE / 2, y: SIZE - 8, "text-anchor": "middle", "font-size": 12, fill: "#5b6675" });
    const beside = shape("text", { transform: `translate(15 ${SIZE / 2}) rotate(-90)`, "text-anchor": "middle", "font-size": 12, fill: "#5b6675" });
    below.textContent = names[0];
    beside.textContent = names[1];
    svg.append(below, beside);
    const key = element("div", { class: "legend" });
    for (const [name, { color, marker }] of legend) {
      const symbol = shape("svg", { viewBox: "-8 -8 16 16" });
      symbol.append(shape("path", { d: OUTLINES[marker], fill: color }));
      key.append(element("span", {}, symbol, name));
    }
    return element("div", {}, element("h4", {}, title), svg, key);
  }

  function listExamples(speaker, map) {
    const head = ["cluster", "nearest to", "utterance", "emotion", "sentence", "distance to center", "margin to next", "audio"];
    const body = element("tbody");
    for (const [cluster, place, row, distance, margin] of map.examples) {
      const button = element("button", { type: "button" }, "\u25B6 play");
      button.addEventListener("click", () => play(speaker, map, row));
      const file = element("a", { href: data.embedded[speaker.ids[row]] || speaker.audio[row] }, "file");
      const cells = [
        clusterName(map, cluster), place === "center" ? "its center" : "a border", speaker.ids[row],
        emotionName(speaker.emotion[row]), speaker.sentence[row] || "\u2013", distance.toFixed(3), margin.toFixed(3),
      ].map((text, column) => element("td", column > 4 ? { class: "n" } : {}, text));
      body.append(element("tr", {}, ...cells, element("td", {}, button, " ", file)));
    }
    const titles = head.map((text, column) => element("th", column === 5 || column === 6 ? { class: "n" } : {}, text));
    const table = document.getElementById("examples");
    table.replaceChildren(element("thead", {}, element("tr", {}, ...titles)), body);
    makeSortable(table);
  }

  const chosen = {
    speaker: select("choose-speaker", Object.keys(data.speakers).map((x) => [x, x]), data.first),
    encoder: select("choose-encoder", data.encoders.map((x) => [x, x])),
    method: select("choose-method", Object.entries(data.methods)),
  };

  function show() {
    const speaker = data.speakers[chosen.speaker.value];
    const map = speaker.maps[chosen.encoder.value];
    const method = chosen.method.value;
    const byEmotion = (row) => data.emotions[speaker.emotion[row]] || { color: data.unknown, marker: "." };
    const byCluster = (row) => map.clusters[map.cluster[row]];
    const maps = [];
    if (Object.keys(data.emotions).length) {
      const present = Object.entries(data.emotions).filter(([code]) => speaker.emotion.includes(code));
      maps.push(drawMap("by emotion", speaker, map, method, byEmotion, present.map(([, look]) => [look.name, look])));
    }
    const clusters = Object.keys(map.clusters).map((x) => [clusterName(map, x), map.clusters[x]]);
    maps.push(drawMap("by cluster", speaker, map, method, byCluster, clusters));
    document.getElementById("maps").replaceChildren(...maps);
    listExamples(speaker, map);
  }

  function makeSortable(table) {
    const value = (row, column) => {
      const cell = row.cells[column];
      const text = "value" in cell.dataset ? cell.dataset.value : cell.textContent;
      const number = parseFloat(text);
      return text.trim() !== "" && !Number.isNaN(number) && Number.isFinite(Number(text)) ? number : text;
    };
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      head.tabIndex = 0;
      const sort = () => {
        const order = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order === 1 ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((one, two) => {
          const a = value(one, column), b = value(two, column);
          if (typeof a === "number" && typeof b === "number") return order * (a - b);
          return order * String(a).localeCompare(String(b), "en", { numeric: true });
        });
        table.tBodies[0].append(...rows);
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
    });
  }

  document.querySelectorAll("table.sortable").forEach((table) => { if (table.tHead) makeSortable(table); });
  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.getElementById("all-rows").tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
  show();
})();
