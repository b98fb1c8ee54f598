// Shows what the reader chose: sets pictures and words as they stand in the data, and draws its bars and axes.
"use strict";
{
  const data = JSON.parse(document.getElementById("explore-data").textContent);
  const section = document.querySelector(".explore");
  const selects = [...section.querySelectorAll("select")];
  const figure = (name) => section.querySelector(`[data-view=${name}]`);
  // The axes in a plot of 360 by 210: left, right, top, bottom.
  const [LEFT, RIGHT, TOP, BOTTOM] = [58, 352, 8, 164];

  // The place of the seed nearest to one that is not there.
  function nearest(seed, choices) {
    const far = choices.map((choice) => Math.abs(choice.name - seed));
    return far.indexOf(Math.min(...far));
  }

  // Fills a control and keeps its choice where that is still there; else it takes the nearest seed, which is added to `changed`, the last
  // epoch, or the first of anything else.
  function fill(select, choices, changed) {
    const before = select.selectedOptions[0]?.textContent;
    const kept = choices.findIndex((choice) => choice.name === before);
    let at = kept >= 0 ? kept : select.name === "epoch" ? choices.length - 1 : 0;
    if (select.name === "seed" && before !== undefined && kept < 0) {
      at = nearest(before, choices);
      changed.push(`Seed ${before} is not there; the nearest, ${choices[at].name}, is shown`);
    }
    const names = choices.map((choice) => choice.name);
    if (names.join("\n") !== [...select.options].map((option) => option.textContent).join("\n")) {
      select.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { textContent: name })));
    }
    select.selectedIndex = at;
    return choices[at];
  }

  // Network, seed, epoch, image: each choice is among those within the one before.
  function chosen() {
    const path = [];
    const changed = [];
    let choices = data.choices;
    for (const select of selects) {
      path.push(fill(select, choices, changed));
      choices = path.at(-1).choices;
    }
    return { epoch: path[2], view: path[3], changed };
  }

  function picture(name, shown) {
    const image = figure(name).querySelector("img");
    image.hidden = !shown;
    if (shown) image.src = `data:image/png;base64,${shown.png}`;
    figure(name).querySelector(".says").textContent = shown ? shown.says : "not in the tables";
  }

  function add(svg, name, attributes, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    return svg.appendChild(element);
  }

  const across = (share) => LEFT + share * (RIGHT - LEFT);
  const up = (share) => BOTTOM - share * (BOTTOM - TOP);

  function axes(svg, x, y) {
    for (const [share, label] of y.ticks) {
      add(svg, "line", { class: "grid", x1: LEFT, x2: RIGHT, y1: up(share), y2: up(share) });
      add(svg, "text", { x: LEFT - 6, y: up(share) + 4, "text-anchor": "end" }, label);
    }
    for (const [share, label] of x.ticks) {
      add(svg, "line", { class: "axis", x1: across(share), x2: across(share), y1: BOTTOM, y2: BOTTOM + 4 });
      add(svg, "text", { x: across(share), y: BOTTOM + 18, "text-anchor": "middle" }, label);
    }
    add(svg, "text", { x: (LEFT + RIGHT) / 2, y: BOTTOM + 38, "text-anchor": "middle" }, x.title);
    const middle = (TOP + BOTTOM) / 2;
    add(svg, "text", { x: 12, y: middle, transform: `rotate(-90 12 ${middle})`, "text-anchor": "middle" }, y.title);
  }

  // A share in an open outer bin is told: a bar beside it has no height of its own.
  function open(svg, share, left, anchor, text) {
    add(svg, "rect", { class: "open", x: left, y: TOP, width: 6, height: BOTTOM - TOP });
    add(svg, "text", { x: anchor === "start" ? left + 10 : left - 4, y: TOP + 11, "text-anchor": anchor }, text);
  }

  function plot(name, shown) {
    const svg = figure(name).querySelector("svg");
    svg.replaceChildren();
    const says = shown ? shown.says : "not in the tables";
    figure(name).querySelector(".says").textContent = says;
    svg.setAttribute("aria-label", `${figure(name).querySelector("h3").textContent}: ${says}`);
    if (!shown) return;
    axes(svg, data.shared.axes[shown.x], data.shared.axes[shown.y]);
    const heights = [...atob(shown.bars)].map((byte) => byte.charCodeAt(0) / 255);
    // Bins touch each other, classes and neurons do not.
    const gap = name === "f1" || name === "f2" ? 0 : 0.14;
    heights.forEach((height, at) => {
      const [left, right] = [across((at + gap) / heights.length), across((at + 1 - gap) / heights.length)];
      const kind = at === shown.marked ? "bar label" : "bar";
      if (height > 0 || at === shown.marked) {
        add(svg, "rect", { class: kind, x: left, y: up(height), width: right - left, height: BOTTOM - up(height) });
      }
    });
    if (shown.below) open(svg, shown.below, LEFT, "start", `◂ ${shown.below}`);
    if (shown.above) open(svg, shown.above, RIGHT - 6, "end", `${shown.above} ▸`);
    if (shown.prior) {
      const [curve, peak] = shown.prior;
      const points = data.shared.curves[curve];
      const place = (height, at) => `${across(at / (points.length - 1)).toFixed(1)},${up(height * peak).toFixed(1)}`;
      const line = points.map(place).join(" ");
      // The curve lies on a wider one in the colour of the page, so that it stands out from the bars without colours too.
      add(svg, "polyline", { class: "behind", points: line });
      add(svg, "polyline", { class: "prior", points: line });
    }
    add(svg, "line", { class: "axis", x1: LEFT, x2: RIGHT, y1: BOTTOM, y2: BOTTOM });
  }

  function show() {
    const { epoch, view, changed } = chosen();
    const image = data.images[view.image];
    picture("x", image.x);
    picture("regions", image.regions);
    picture("filters", epoch.filters);
    picture("e_f1", view.e_f1);
    for (const name of ["f1", "f2", "f3", "fy"]) plot(name, view[name]);
    const instead = changed.map((words) => ` ${words}.`).join("");
    section.querySelector("[role=status]").textContent = `${view.says}. F1: ${view.f1 ? view.f1.says : "not in the tables"}.${instead}`;
  }

  let choices = data.choices;
  selects.forEach((select, level) => {
    fill(select, choices, []);
    select.selectedIndex = data.start[level];
    choices = choices[select.selectedIndex].choices;
    select.addEventListener("change", show);
  });
  section.querySelector("form").hidden = false;
  section.querySelector(".plots").hidden = false;
  show();
}
