// The pages work without scripts; this only saves a click and a reload.
"use strict";

// An element with data-poll asks for its page again and takes its own new content from it, every
// two seconds, until the attribute is gone. A link with data-go is followed by itself.
const POLL_MS = 2000;

function follow(root) {
  const link = root.querySelector("a[data-go]");
  if (link) window.location.assign(link.href);
}

async function renew(element) {
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return element;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const replacement = fresh.getElementById(element.id);
  if (!replacement) return element;
  element.replaceWith(replacement);
  follow(replacement);
  return replacement;
}

async function poll(element) {
  let current = element;
  while (current.hasAttribute("data-poll")) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      if (!document.hidden) current = await renew(current);
    } catch {
      // The hub may be restarting; the next round tries again.
    }
  }
}

document.querySelectorAll("[data-poll]").forEach(poll);
follow(document);

document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
});

// A form is sent once, however often its button is pressed.
document.querySelectorAll("form").forEach((form) => {
  form.addEventListener("submit", () => {
    setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0);
  });
});
