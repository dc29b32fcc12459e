// Shows the workflow's picture, keeps the focused step, reports which step was chosen.
export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".picture");
  if (host.dataset.drawn !== data.digest) {
    const focused = host.querySelector(".step:focus")?.dataset.step;
    const scrolled = [host.scrollLeft, host.scrollTop];
    host.innerHTML = data.svg;
    host.dataset.drawn = data.digest;
    const svg = host.querySelector("svg");
    // Shrunk to a little more than half it can still be read; beyond that it scrolls.
    if (svg) svg.style.minWidth = `${svg.getAttribute("width") * 0.55}px`;
    [host.scrollLeft, host.scrollTop] = scrolled;
    if (focused) host.querySelector(`.step[data-step="${CSS.escape(focused)}"]`)?.focus();
  }
  host.classList.toggle("stale", data.stale);
  host.setAttribute("aria-label", data.label);
  const choose = (event) => {
    const step = event.target.closest?.(".step")?.dataset.step;
    if (step) setTriggerValue("step", step);
  };
  host.onclick = choose;
  host.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(event);
  };
}
