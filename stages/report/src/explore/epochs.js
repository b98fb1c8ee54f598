// Moves through the epochs of Figure 3: a line in the figure, wherever the page shows it, and the epoch's numbers below.
"use strict";
{
  const epochs = JSON.parse(document.getElementById("epochs-data").textContent);
  const block = document.querySelector(".epochs");
  const slider = block.querySelector("input");
  const rows = [...block.querySelectorAll("tbody tr")];
  const figures = [...document.querySelectorAll("[aria-label^='Figure 3'] > svg")];
  const lines = figures.map((figure) =>
    epochs[0].places.map(() => {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [name, value] of [["stroke", "#222222"], ["stroke-width", "1.5"], ["visibility", "hidden"]]) {
        line.setAttribute(name, value);
      }
      return figure.appendChild(line);
    }),
  );

  slider.setAttribute("aria-valuetext", `epoch ${epochs[slider.value].epoch}`);
  slider.addEventListener("input", () => {
    const epoch = epochs[slider.value];
    slider.setAttribute("aria-valuetext", `epoch ${epoch.epoch}`);
    for (const copy of lines) {
      epoch.places.forEach(([x, top, bottom], panel) => {
        for (const [name, value] of [["x1", x], ["x2", x], ["y1", top], ["y2", bottom], ["visibility", "visible"]]) {
          copy[panel].setAttribute(name, value);
        }
      });
    }
    block.querySelector("output").textContent = epoch.epoch;
    block.querySelector(".epoch").textContent = epoch.epoch;
    rows.forEach((row, network) => {
      [...row.querySelectorAll("td")].forEach((cell, at) => (cell.textContent = epoch.numbers[network][at]));
    });
    block.querySelector("[role=status]").textContent = epoch.says;
  });
  block.querySelector(".drag").hidden = false;
}
