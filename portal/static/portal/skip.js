// Goes past the menu without leaving the mark "#content" in the address. With it, a form that is sent comes back with the mark,
// and the browser then gives the focus to nothing that was written wrongly. Without this script the link works as any.
(() => {
  "use strict";
  const link = document.querySelector(".drops-skip");
  const content = document.getElementById("content");
  if (!link || !content) return;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    content.tabIndex = -1;
    content.focus();
  });
})();
