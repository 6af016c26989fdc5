// Tells a campaign's times in all zones while they are entered: asks the portal, which knows the zones, and shows its answer.
(() => {
  "use strict";
  const form = document.querySelector("form[data-times-from]");
  const told = document.getElementById("told-times");
  if (!form || !told || !window.fetch) return;
  const names = /^(time_zone|announcement_days|grace_days|(starts|ends)_at_\w+)$/;
  let asked = 0;

  async function tell() {
    const number = ++asked;
    const query = new URLSearchParams([...new FormData(form)].filter(([name]) => names.test(name)));
    try {
      const answer = await fetch(`${form.dataset.timesFrom}?${query}`, { credentials: "same-origin" });
      const text = await answer.text();
      if (answer.ok && number === asked) {
        const fresh = new DOMParser().parseFromString(text, "text/html").body;
        told.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
      }
    } catch {
      // What was told stays; saving the draft tells it anew.
    }
  }

  form.addEventListener("change", (event) => {
    if (names.test(event.target.name)) tell();
  });
})();
