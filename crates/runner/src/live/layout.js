"use strict";
// Where the stages stand: pure geometry of the graph.

// Sizes of a box, the space between two and between rows, and the width of a lane.
const WIDE = 132, HIGH = 56, GAP = 14, DOWN = 32, LANE = 6;

// Places stages in rows, each below all that it needs; a long arrow has a lane of its own in every row that it crosses.
function layout(graph) {
  const stages = graph.nodes.flatMap((node, number) => node.kind === "stage" ? [number] : []);
  const edges = graph.edges.filter(({ from }) => graph.nodes[from].kind === "stage");
  const after = (from) => edges.filter((edge) => edge.from === from).map(({ to }) => to);
  const reached = new Map();
  const reach = (from) => {
    if (!reached.has(from)) reached.set(from, new Set(after(from).flatMap((to) => [to, ...reach(to)])));
    return reached.get(from);
  };
  const direct = edges.filter(({ from, to, stream }) => stream || !after(from).some((other) => other !== to && reach(other).has(to)));
  const depths = new Map();
  const depth = (stage) => {
    if (!depths.has(stage)) depths.set(stage, Math.max(0, ...edges.filter(({ to }) => to === stage).map(({ from }) => depth(from) + 1)));
    return depths.get(stage);
  };
  const rows = [];
  const put = (row, item) => { (rows[row] = rows[row] || []).push(item); return item; };
  const items = new Map(stages.map((stage) => [stage, put(depth(stage), { stage, above: [] })]));
  const chains = direct.map((edge) => {
    const chain = [items.get(edge.from)];
    for (let row = depth(edge.from) + 1; row < depth(edge.to); row++) chain.push(put(row, { above: [] }));
    chain.push(items.get(edge.to));
    chain.slice(1).forEach((item, i) => item.above.push(chain[i]));
    return { edge, chain };
  });
  const wide = (item) => item.stage === undefined ? LANE : WIDE;
  const long = (row) => row.reduce((sum, item) => sum + wide(item) + GAP, -GAP);
  const width = Math.max(...rows.map(long)) + 6;
  const mean = ({ above, middle }) => above.length ? above.reduce((sum, item) => sum + item.middle, 0) / above.length : middle;
  rows.forEach((row, number) => {
    row.forEach((item, i) => { item.middle = mean({ above: item.above, middle: width * (i + 1) / (row.length + 1) }); });
    row.sort((one, other) => one.middle - other.middle);
    let x = (width - long(row)) / 2;
    for (const item of row) {
      Object.assign(item, { x, middle: x + wide(item) / 2, y: 3 + number * (HIGH + DOWN) });
      x += wide(item) + GAP;
    }
  });
  const arrows = chains.map(({ edge, chain }) => ({
    ...edge,
    path: chain.flatMap(({ middle, y }, i) =>
      i === 0 ? [[middle, y + HIGH]] : i === chain.length - 1 ? [[middle, y - 6]] : [[middle, y], [middle, y + HIGH]]),
  }));
  const boxes = [...items].map(([stage, { x, y }]) => ({ stage, name: graph.nodes[stage].name, x, y }));
  return { boxes, arrows, width, height: rows.length * (HIGH + DOWN) - DOWN + 6 };
}
