// Saves a figure as it stands on the page, its SVG or a PNG of it at print size; and unfolds the page for print.
"use strict";
const PRINT_WIDTH = 2400;

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function svgOf(article) {
  // As XML: HTML has names for characters that a file of its own does not know.
  const text = new XMLSerializer().serializeToString(article.querySelector("figure svg"));
  return new Blob([text], { type: "image/svg+xml" });
}

function savePng(article, name) {
  const picture = new Image();
  picture.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = PRINT_WIDTH;
    canvas.height = Math.round((PRINT_WIDTH * picture.naturalHeight) / picture.naturalWidth);
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(blob, name));
    URL.revokeObjectURL(picture.src);
  };
  picture.onerror = () => alert("This browser cannot draw the figure; save its SVG.");
  picture.src = URL.createObjectURL(svgOf(article));
}

// On paper nothing can be unfolded.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open]):not(.long)")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
});

for (const button of document.querySelectorAll("button[data-save]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const article = button.closest("article");
    const name = `${button.dataset.name}.${button.dataset.save}`;
    if (button.dataset.save === "svg") save(svgOf(article), name);
    else savePng(article, name);
  });
}
