// Finds a page in the menu while its name is typed: what does not fit is left out. Enter opens the page that is called so, else
// one that begins so, else the first, and it is said which; the arrow goes to the first.
// A key alone would be no way to the box: in a choice it is what somebody types to choose (WCAG 2.1.4). Without this script
// the menu is whole.
(() => {
  "use strict";
  const box = document.getElementById("nav-filter");
  const menu = document.getElementById("nav-sidebar-apps");
  const voice = document.getElementById("nav-found");
  if (!box || !menu || !voice) return;
  const links = () => [...menu.querySelectorAll("li > a")];
  const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const left = () => links().filter((link) => !link.parentElement.hidden);
  const best = () => {
    const typed = plain(box.value), named = (fits) => left().find((link) => fits(plain(link.dataset.name)));
    return named((name) => name === typed) ?? named((name) => name.startsWith(typed)) ?? left()[0];
  };

  const opener = () => [...document.querySelectorAll("[aria-controls=nav-sidebar]")].find((one) => one.checkVisibility());

  function show() {
    const words = plain(box.value).split(" ");
    for (const list of menu.querySelectorAll("ol")) {
      const title = plain(list.parentElement.querySelector("h2")?.textContent ?? "");
      for (const link of list.querySelectorAll("li > a")) {
        const name = `${plain(link.dataset.name)} ${title}`;
        link.parentElement.hidden = !words.every((word) => name.includes(word));
      }
      list.parentElement.hidden = !list.querySelector("li:not([hidden])");
    }
    const typed = box.value.trim(), opened = best();
    const told = opened ? voice.dataset.found.replace("%(count)s", left().length).replace("%(name)s", opened.dataset.name) : "";
    voice.textContent = typed ? told || voice.dataset.none : "";
  }

  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.value) {
      event.stopPropagation(); // on a phone it would close the menu
      box.value = "";
      show();
    } else if (event.key === "ArrowDown" || (event.key === "Enter" && box.value.trim())) {
      event.preventDefault();
      if (event.key === "Enter") best()?.click();
      else left()[0]?.focus();
    }
  });
  window.addEventListener("pageshow", show); // what was typed is still there after going back
  document.addEventListener("keydown", (event) => {
    if (event.key?.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const go = () => {
      box.focus();
      box.select();
    };
    if (box.checkVisibility()) return go();
    opener()?.click();
    setTimeout(go, 50); // what opens the menu leads to its first link
  });
})();
