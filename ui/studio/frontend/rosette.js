// Shows a drawing; zooms and moves it; reports which ring was chosen.
const views = new WeakMap();
const MOST = 24;
const STEP = 1.6;

const box = (svg) => svg.getAttribute("viewBox").split(" ").map(Number);

function apply(host, view) {
  const svg = host.querySelector("svg");
  const [x, y, width, height] = view.home;
  const w = width / view.zoom;
  const h = height / view.zoom;
  view.x = Math.min(Math.max(view.x, x + w / 2), x + width - w / 2);
  view.y = Math.min(Math.max(view.y, y + h / 2), y + height - h / 2);
  svg.setAttribute("viewBox", [view.x - w / 2, view.y - h / 2, w, h].join(" "));
  host.classList.toggle("zoomed", view.zoom > 1);
  const [closer, farther, whole] = host.parentElement.querySelectorAll(".tools button");
  closer.disabled = view.zoom >= MOST;
  farther.disabled = whole.disabled = view.zoom <= 1;
}

function zoom(host, view, factor, at) {
  const next = Math.min(MOST, Math.max(1, view.zoom * factor));
  const share = 1 - view.zoom / next;
  if (at) {
    view.x += (at[0] - view.x) * share;
    view.y += (at[1] - view.y) * share;
  }
  view.zoom = next;
  apply(host, view);
}

// Until the drawing is moved by hand, zooming goes to its right edge, where every ring is crossed.
function closer(host, view) {
  if (view.zoom === 1) view.moved = false;
  if (!view.moved) {
    const bands = [...host.querySelectorAll("[data-ring] > circle:first-of-type, [data-target]")];
    view.x = Math.max(...bands.map((each) => +each.getAttribute("r")), 0);
    view.y = 0;
  }
  zoom(host, view, STEP);
}

function drag(host, view) {
  let from = null;
  host.onpointerdown = (event) => {
    if (view.zoom > 1) from = [event.clientX, event.clientY, view.x, view.y, event.pointerId];
  };
  host.onpointermove = (event) => {
    if (!from || event.buttons === 0) return (from = null);
    const [x, y] = [event.clientX - from[0], event.clientY - from[1]];
    if (Math.hypot(x, y) < 4) return;
    host.setPointerCapture(from[4]);
    const scale = view.home[2] / view.zoom / host.clientWidth;
    view.x = from[2] - x * scale;
    view.y = from[3] - y * scale;
    view.dragged = view.moved = true;
    apply(host, view);
  };
  host.onpointerup = () => { from = null; };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".stage");
  let view = views.get(host);
  if (!view || host.dataset.drawn !== data.digest) {
    const focused = host.querySelector("[data-ring]:focus")?.dataset.ring;
    host.innerHTML = data.svg;
    host.dataset.drawn = data.digest;
    const svg = host.querySelector("svg");
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    const home = box(svg);
    const same = view && view.home.every((each, index) => Math.abs(each - home[index]) < 0.2 * home[2]);
    view = same ? { ...view, home } : { home, zoom: 1, x: home[0] + home[2] / 2, y: home[1] + home[3] / 2 };
    views.set(host, view);
    if (data.selectable) {
      for (const ring of host.querySelectorAll("[data-ring]")) {
        ring.setAttribute("tabindex", "0");
        ring.setAttribute("role", "button");
        ring.setAttribute("aria-label", ring.querySelector("title").textContent);
      }
    }
    if (focused) host.querySelector(`[data-ring="${focused}"]`)?.focus();
  }
  for (const ring of host.querySelectorAll("[data-ring]")) {
    ring.classList.toggle("chosen", ring.dataset.ring === String(data.chosen));
  }
  host.parentElement.setAttribute("aria-label", data.label);
  const buttons = parentElement.querySelectorAll(".tools button");
  buttons[0].onclick = () => closer(host, view);
  buttons[1].onclick = () => zoom(host, view, 1 / STEP);
  buttons[2].onclick = () => zoom(host, view, 0);
  drag(host, view);
  apply(host, view);
  const choose = (event) => {
    if (view.dragged) return (view.dragged = false);
    const ring = data.selectable && event.target.closest?.("[data-ring]")?.dataset.ring;
    if (ring) setTriggerValue("ring", Number(ring));
  };
  host.onclick = choose;
  host.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(event);
  };
}
