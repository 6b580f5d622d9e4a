// The pages work without scripts; this only saves a click and a reload.
"use strict";

// An element with data-poll asks for its page again and takes its own new content from it, every
// two seconds, until the attribute is gone. The hub is told that nobody asked: a page that renews
// itself keeps no session open.
const POLL_MS = 2000;
const BY_ITSELF = { Accept: "text/html", "X-Kingpost-By-Itself": "1" };
const MISSES_MAX = 2;

// The element as the hub shows it now; nothing if it could not be had.
async function fresh(id) {
  const answer = await fetch(window.location.href, { headers: BY_ITSELF });
  if (answer.redirected) window.location.reload(); // Signed out: the sign-in page says so.
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById(id);
}

// Put the new element in the old one's place; what had the focus keeps it.
function replace(old, renewed) {
  const focused = old.contains(document.activeElement) ? document.activeElement.outerHTML : null;
  old.replaceWith(renewed);
  const same = [...renewed.querySelectorAll("a, button, input, select, summary")]
    .find((one) => one.outerHTML === focused);
  if (same) same.focus({ preventScroll: true });
}

async function poll(element) {
  const stale = document.createElement("p");
  stale.className = "notice warn";
  stale.setAttribute("role", "status");
  let current = element;
  let shown = element.outerHTML;
  let renewedAt = new Date();
  let misses = 0;
  while (current.hasAttribute("data-poll")) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (document.hidden) continue;
    const renewed = await fresh(current.id).catch(() => null);
    if (renewed) {
      misses = 0;
      renewedAt = new Date();
      stale.remove();
      const html = renewed.outerHTML;
      if (html === shown) continue;
      replace(current, renewed);
      current = renewed;
      shown = html;
    } else if ((misses += 1) >= MISSES_MAX) {
      const at = renewedAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      stale.textContent = `Not renewed since ${at}: the hub does not answer. This page goes on trying.`;
      if (!stale.isConnected) current.before(stale);
    }
  }
}

document.querySelectorAll("[data-poll]").forEach(poll);

document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
});

// A file too large is told before it is sent.
const FILE_MB_MAX = 15;
document.querySelectorAll("input[type=file]").forEach((input) => {
  input.addEventListener("change", () => {
    const isTooLarge = [...input.files].some((file) => file.size > FILE_MB_MAX * 1024 * 1024);
    input.setCustomValidity(isTooLarge ? `This file is too large: at most ${FILE_MB_MAX} MB.` : "");
    input.reportValidity();
  });
});

// A form is sent once, however often its button is pressed.
document.querySelectorAll("form").forEach((form) => {
  form.addEventListener("submit", () => {
    setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0);
  });
});
