// Goes to what has to be written again once tabs are opened and search boxes are made, which the browser does not wait for:
// a field of a tab that closes loses the focus, and one with a search box is no longer what is seen; and on a page that adds
// something the admin goes to its first field. Without this script the browser goes there where it can.
(() => {
  "use strict";
  let touched = false; // who has gone on meanwhile is left where they are
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => (touched = true), true);
  const go = () => {
    if (touched) return;
    const first = [...document.querySelectorAll("[autofocus]")].find((one) => one.checkVisibility());
    const box = first?.nextElementSibling?.querySelector(".select2-selection");
    (box ?? first)?.focus();
  };
  const whenReady = window.django?.jQuery ?? ((run) => run()); // after the search boxes, which are made then
  window.addEventListener("load", () => whenReady(go));
})();
