"use strict";
// Draws a run. Events come from the runner, first the whole state and then what changes, and nothing goes back.

const byId = (id) => document.getElementById(id);
const STATES = [
  ["failed", "✗", "failed"], ["stopped", "■", "stopped"], ["running", "▶", "running"], ["waiting", "○", "waiting"],
  ["done", "✓", "done"], ["up-to-date", "=", "up to date"],
];
const MOST_POINTS = 500; // as in curves.rs
const MOST_LINES = 1000; // as in page.rs

let run = null; // the state, as page.rs has it
let skew = 0; // our clock less the run's, in seconds
let places = null; // where the stages stand
const scales = {}; // what the steps of a stage are, and how many there will be
const todo = new Set();

// A whole element, with text and others in it. Text is never read as HTML.
function element(make, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) make.setAttribute(name, value);
  make.append(...children);
  return make;
}
const html = (name, attributes = {}, ...children) => element(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) =>
  element(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const now = () => performance.now() / 1000 - skew;
const time = (seconds) => seconds < 120 ? `${Math.floor(seconds)} s`
  : seconds < 7200 ? `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  : `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
const wordOf = (state, word) => state === "waiting" && run.ended ? "not run" : word;
const short = (number) => number !== 0 && Math.abs(number) < 1e-3 ? number.toExponential(1) : String(+number.toPrecision(4));
const broken = (name) => name.split(/(?<=,)/).flatMap((part) => [part, document.createElement("wbr")]); // after commas
const stageOf = (process) => process.split("@")[0];

function countsOf(jobs) {
  const counts = {};
  for (const job of jobs) counts[job.state] = (counts[job.state] || 0) + 1;
  return counts;
}

const views = {
  head() {
    const { ended, stopping, graph } = run;
    const jobs = Object.values(run.jobs);
    const counts = countsOf(jobs);
    const failed = counts.failed ? `, ${counts.failed} failed` : "";
    const words = { done: "ended: all done", failed: "ended: not all is done", interrupted: "ended: interrupted" };
    const status = (ended ? words[ended.result] : stopping ? "stopping" : "running") + failed;
    if (byId("status").textContent !== status) byId("status").textContent = status;
    document.title = `${status} – ${graph.pipeline}`;
    byId("name").textContent = graph.pipeline;
    byId("elapsed").textContent = `after ${time(ended ? ended.seconds : now())}`;
    const open = (counts.waiting || 0) + (counts.running || 0);
    byId("overall").max = jobs.length || 1;
    byId("overall").value = jobs.length ? jobs.length - open : 1;
    byId("counts").replaceChildren(...STATES.filter(([state]) => state !== "stopped" || counts[state]).map(([state, mark, word]) => html("li", {},
      html("span", { class: `mark ${state}`, "aria-hidden": "true" }, mark), ` ${counts[state] || 0} ${wordOf(state, word)}`)));
  },

  graph() {
    places = places || layout(run.graph);
    const { boxes, arrows, width, height } = places;
    const drawing = svg("svg", { width, height, role: "list", "aria-label": "stages" });
    for (const { path, stream, ports } of arrows) {
      const end = path[path.length - 1];
      const line = path.map(([x, y], i) => {
        if (i === 0) return `M${x} ${y}`;
        const [x0, y0] = path[i - 1], middle = (y0 + y) / 2;
        return `C${x0} ${middle} ${x} ${middle} ${x} ${y}`;
      });
      drawing.append(svg("path", { class: `arrow${stream ? " stream" : ""}`, d: line.join(""), "aria-hidden": "true" },
        svg("title", {}, ports.join(", "))));
      drawing.append(svg("path", { class: "head", d: `M${end[0] - 5} ${end[1] - 2}h10l-5 8z`, "aria-hidden": "true" }));
    }
    const jobs = new Map(boxes.map(({ stage }) => [stage, []]));
    for (const job of Object.values(run.jobs)) job.stages.forEach((stage) => jobs.get(stage).push(job));
    for (const { stage, name, x, y } of boxes) drawing.append(box(name, x, y, jobs.get(stage)));
    byId("graph").replaceChildren(drawing);
  },

  running() {
    const jobs = Object.entries(run.jobs).filter(([, job]) => job.state === "running");
    const line = ({ process, done, total, unit, message }) => {
      const of = `${done}${total ? ` of ${total}` : ""} ${unit} ${message}`.trim();
      const bar = total ? [html("progress", { max: total, value: Math.min(done, total), "aria-label": process })] : [];
      return html("div", {}, ...bar, html("span", { class: "who" }, `${stageOf(process)}: `), of);
    };
    const items = jobs.map(([number, job]) => html("li", {}, html("b", {}, ...broken(job.name)), ` ${time(Math.max(now() - job.at, 0))}`,
      ...Object.values(run.progress).filter((progress) => progress.job === +number).map(line)));
    byId("running").replaceChildren(...items.length ? items : [html("li", { class: "who" }, "nothing runs")]);
  },

  curves() {
    const processes = Object.keys(run.curves).sort();
    const stages = [...new Set(processes.map(stageOf))];
    byId("training").hidden = stages.length === 0;
    const scrolled = [...document.querySelectorAll(".latest")].map((list) => [list.scrollLeft, list.scrollTop]);
    const focused = [...document.querySelectorAll(".latest")].indexOf(document.activeElement);
    byId("curves").replaceChildren(...stages.map((stage) => curvesOf(stage, processes.filter((process) => stageOf(process) === stage))));
    document.querySelectorAll(".latest").forEach((list, i) => {
      list.scrollTo(...scrolled[i] || [0, 0]);
      if (i === focused) list.focus({ preventScroll: true });
    });
  },

  log() {
    byId("log").replaceChildren();
    showLines(run.lines);
    byId("log").scrollTop = byId("log").scrollHeight;
  },
};

// A stage: its name, how many of its jobs are in which state as text and as a bar, and a border of its own for each state.
function box(name, x, y, jobs) {
  const counts = countsOf(jobs);
  const present = STATES.filter(([state]) => counts[state]);
  const words = present.map(([state, , word]) => `${counts[state]} ${wordOf(state, word)}`).join(", ");
  const marks = present.map(([state, mark]) => `${mark} ${counts[state]}`).join("  ");
  const [state] = present[0] || ["waiting"];
  const group = svg("g", { role: "listitem", "aria-label": `${name}: ${words}`, transform: `translate(${x} ${y})` },
    svg("title", {}, `${name}: ${words}`), svg("rect", { class: `box ${state}`, width: WIDE, height: HIGH, rx: 5 }),
    svg("text", { class: "name", x: 8, y: 19, ...(name.length > 16 ? { textLength: WIDE - 16, lengthAdjust: "spacingAndGlyphs" } : {}) }, name),
    svg("text", { x: 8, y: 37 }, marks));
  let left = 0;
  for (const [state] of [...present].reverse()) {
    const width = (WIDE - 16) * counts[state] / jobs.length;
    group.append(svg("rect", { class: `part ${state}`, x: 8 + left, y: 43, width, height: 6 }));
    left += width;
  }
  return group;
}

const style = (i) => `c${i % 6} d${Math.floor(i / 6) % 4}`;

// The curves of a stage's jobs, one chart a number, and a table of their latest values.
function curvesOf(stage, processes) {
  const names = [...new Set(processes.flatMap((process) => run.curves[process].map(([name]) => name)))];
  const { unit = "step", total = 0 } = scales[stage] || {};
  const chosen = byId("job").value;
  const pointsOf = (process, name) => (run.curves[process].find(([other]) => other === name) || [name, []])[1];
  const charts = names.map((name) => {
    const curves = processes.map((process) => pointsOf(process, name));
    return html("figure", {}, html("figcaption", {}, name), chart(name, processes, curves, unit, total, chosen));
  });
  const rows = processes.map((process, i) => {
    const sample = svg("svg", { width: 26, height: 8, "aria-hidden": "true" }, svg("path", { class: `curve ${style(i)}`, d: "M0 4h26" }));
    const latest = names.map((name) => pointsOf(process, name).at(-1) || [0, ""]);
    const step = Math.max(...latest.map(([step]) => step));
    return html("tr", {}, html("th", { scope: "row" }, sample, ...broken(process.slice(stage.length + 1) || process)),
      ...[step, ...latest.map(([, value]) => value === "" ? "" : short(value))].map((cell) => html("td", {}, String(cell))));
  });
  const head = ["latest", unit, ...names].map((name) => html("th", { scope: "col" }, name));
  const table = html("table", {}, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
  return html("div", {}, html("h3", {}, stage), html("div", { class: "charts" }, ...charts),
    html("div", { class: "scroll latest", tabindex: "0", role: "group", "aria-label": `latest values of ${stage}` }, table));
}

// How far apart ticks stand, for so many at most.
function apart(low, high, most) {
  const rough = (high - low || 1) / most, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
}

function ticks(low, high, most) {
  const step = apart(low, high, most), found = [];
  for (let n = Math.ceil(low / step); n * step <= high * (1 + 1e-9); n++) found.push(n * step);
  return found;
}

function chart(name, processes, curves, unit, total, chosen) {
  const W = 320, H = 170, left = 44, bottom = 30, top = 8, right = 14;
  const all = curves.flat();
  const most = Math.max(...all.map(([, value]) => value)), least = Math.min(0, ...all.map(([, value]) => value));
  const tick = apart(least, most > least ? most : least + 1, 5);
  const low = Math.floor(least / tick) * tick, high = Math.max(Math.ceil(most / tick) * tick, low + tick);
  const first = Math.min(...all.map(([step]) => step)), last = Math.max(total, first + 1, ...all.map(([step]) => step));
  const x = (step) => left + (W - left - right) * (step - first) / (last - first);
  const y = (value) => H - bottom - (H - bottom - top) * (value - low) / (high - low);
  const drawing = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${name} against ${unit}; the table below has the latest values` });
  for (const value of ticks(low, high, 5)) {
    drawing.append(svg("path", { class: "grid", d: `M${left} ${y(value)}H${W - right}` }),
      svg("text", { class: "tick", x: left - 4, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  for (const step of ticks(first, last, 6).filter(Number.isInteger)) {
    drawing.append(svg("text", { class: "tick", x: x(step), y: H - bottom + 13, "text-anchor": "middle" }, String(step)));
  }
  drawing.append(svg("text", { class: "tick", x: (left + W - right) / 2, y: H - 3, "text-anchor": "middle" }, unit));
  curves.forEach((points, i) => {
    const stress = !processes.includes(chosen) ? "" : processes[i] === chosen ? " strong" : " pale";
    const path = points.length === 1 ? `M${x(points[0][0]) - 2} ${y(points[0][1])}h4` : points.map(([step, value], j) => `${j ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    drawing.append(svg("path", { class: `curve ${style(i)}${stress}`, d: path }, svg("title", {}, processes[i])));
  });
  return drawing;
}

function showLines(lines) {
  const log = byId("log"), select = byId("job");
  const known = new Set([...select.options].map((option) => option.value));
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  for (const { process, text } of lines) {
    if (!known.has(process)) select.append(html("option", { value: process }, process));
    known.add(process);
    if (select.value && select.value !== process) continue;
    log.append(html("div", {}, html("span", { class: "who" }, `${process}  `), text));
  }
  while (log.childElementCount > MOST_LINES) log.firstChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// Has parts drawn again, at most once a frame.
function redraw(...names) {
  if (todo.size === 0) {
    requestAnimationFrame(() => {
      const due = [...todo];
      todo.clear();
      due.forEach((name) => views[name]());
    });
  }
  names.forEach((name) => todo.add(name));
}

function noteScale({ process, unit, total }) {
  const known = scales[stageOf(process)];
  scales[stageOf(process)] = { unit, total: Math.max(total || 0, known ? known.total : 0) };
}

const takes = {
  snapshot(state) {
    run = state;
    skew = performance.now() / 1000 - state.elapsed;
    Object.assign(scales, state.scales);
    redraw(...Object.keys(views));
    if (state.ended) events.close();
  },
  states(changes) {
    for (const { job, state, at } of changes) {
      Object.assign(run.jobs[job], { state, at });
      if (state === "running") continue;
      run.progress = Object.fromEntries(Object.entries(run.progress).filter(([, progress]) => progress.job !== job));
    }
    redraw("head", "graph", "running");
  },
  progress(progress) {
    run.progress[progress.process] = progress;
    noteScale(progress);
    redraw("running");
  },
  numbers({ process, step, values }) {
    const curves = run.curves[process] = run.curves[process] || [];
    for (const [name, value] of values) {
      let curve = curves.find(([other]) => other === name);
      if (!curve) curves.push(curve = [name, []]);
      curve[1] = [...curve[1].filter(([other]) => other < step), [step, value]];
      if (curve[1].length > MOST_POINTS) curve[1] = curve[1].filter((_, i) => i % 2 === 0);
    }
    redraw("curves");
  },
  lines(lines) {
    run.lines = [...run.lines, ...lines].slice(-MOST_LINES);
    if (!todo.has("log")) showLines(lines);
  },
  stopping() { run.stopping = true; redraw("head"); },
  ended(ended) {
    run.ended = ended;
    events.close();
    redraw("head", "graph", "running");
  },
};

const events = new EventSource("events");
for (const [kind, take] of Object.entries(takes)) events.addEventListener(kind, (event) => take(JSON.parse(event.data)));
events.onerror = () => { byId("status").textContent = "the runner does not answer; trying again"; };
byId("job").addEventListener("change", () => { if (run) redraw("log", "curves"); });
setInterval(() => { if (run && !run.ended && events.readyState === EventSource.OPEN) redraw("head", "running"); }, 1000);
