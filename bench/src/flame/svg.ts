import type { Layer } from "./layers.ts";
import { layerOf, layers } from "./layers.ts";
import type { FlameNode } from "./profile.ts";
import { placeOf } from "./top.ts";

const width = 1400;
const rowHeight = 17;
const head = 46;
/** Narrower frames are left out: they could not be seen. */
const leastShare = 0.0005;
const letterWidth = 6.6;

interface Box {
  readonly node: FlameNode;
  readonly layer: Layer;
  readonly depth: number;
  readonly from: number;
  readonly share: number;
}

function boxes(root: FlameNode): Box[] {
  const all: Box[] = [];
  const visit = (node: FlameNode, above: Layer, depth: number, from: number): void => {
    const share = node.totalUs / root.totalUs;
    if (share < leastShare) return;
    const layer = layerOf(node) ?? above;
    all.push({ node, layer, depth, from, share });
    let at = from;
    for (const child of node.children) {
      visit(child, layer, depth + 1, at);
      at += child.totalUs / root.totalUs;
    }
  };
  if (root.totalUs > 0) visit(root, "Node.js", 0, 0);
  return all;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function hue(layer: Layer): number {
  return Math.round((layers.indexOf(layer) * 360) / layers.length);
}

function drawn({ node, layer, depth, from, share }: Box): string {
  const x = from * width;
  const w = share * width;
  const y = head + depth * rowHeight;
  const letters = Math.floor((w - 4) / letterWidth);
  const label = letters < 3 ? "" : escape(node.name.slice(0, letters));
  const place = placeOf(node);
  const told = `${node.name}${place === "" ? "" : ` (${place})`} · ${layer} · ${(share * 100).toFixed(2)} % · ${(node.totalUs / 1000).toFixed(1)} ms`;
  return `<g data-x="${from}" data-w="${share}"><title>${escape(told)}</title><rect x="${x.toFixed(2)}" y="${y}" width="${Math.max(0.3, w - 0.4).toFixed(2)}" height="${rowHeight - 1}" fill="hsl(${hue(layer)} 62% 72%)"/><text x="${(x + 2).toFixed(2)}" y="${y + 12}" data-name="${escape(node.name).replaceAll('"', "&quot;")}">${label}</text></g>`;
}

function legend(): string {
  return layers
    .map((layer, k) => {
      const x = 8 + k * 107;
      return `<rect x="${x}" y="26" width="10" height="10" fill="hsl(${hue(layer)} 62% 72%)"/><text x="${x + 13}" y="35">${layer.slice(0, 15)}</text>`;
    })
    .join("");
}

// A click widens a frame to the whole drawing; a click on the lowest row goes back.
const script = `
const frames = [...document.querySelectorAll("g[data-x]")];
const zoom = (x, w) => {
  for (const frame of frames) {
    const at = Number(frame.dataset.x), share = Number(frame.dataset.w);
    const left = Math.max(0, (at - x) / w), right = Math.min(1, (at + share - x) / w);
    const hidden = right - left < 0.0003;
    frame.style.display = hidden ? "none" : "";
    if (hidden) continue;
    const [rect, text] = [frame.querySelector("rect"), frame.querySelector("text")];
    rect.setAttribute("x", left * ${width});
    rect.setAttribute("width", Math.max(0.3, (right - left) * ${width} - 0.4));
    text.setAttribute("x", left * ${width} + 2);
    const letters = Math.floor(((right - left) * ${width} - 4) / ${letterWidth});
    text.textContent = letters < 3 ? "" : text.dataset.name.slice(0, letters);
  }
};
for (const frame of frames) frame.addEventListener("click", () => zoom(Number(frame.dataset.x), Number(frame.dataset.w)));
`;

/** A flame graph that needs nothing but a browser: the root on top, time as width, a colour for each layer. */
export function flameSvg(root: FlameNode, heading: string): string {
  const all = boxes(root);
  const height = head + (Math.max(0, ...all.map(({ depth }) => depth)) + 1) * rowHeight + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="11">`,
    "<style>g{cursor:pointer} text{pointer-events:none} rect:hover{stroke:#000}</style>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="16" font-size="13">${escape(heading)}</text>`,
    legend(),
    ...all.map(drawn),
    `<script><![CDATA[${script}]]></script>`,
    "</svg>",
    "",
  ].join("\n");
}
