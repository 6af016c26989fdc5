// Shows the buttons that copy what stands in another element (data-copies: its id), and says when that is done.
// Without this script they stay hidden, and one click on the element selects all of it.
(() => {
  "use strict";

  async function copy(source) {
    if (navigator.clipboard) return navigator.clipboard.writeText(source.textContent);
    const range = document.createRange(); // a page without https has no clipboard of its own
    range.selectNodeContents(source);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) throw new Error("refused");
  }

  for (const button of document.querySelectorAll("[data-copies]")) {
    const source = document.getElementById(button.dataset.copies);
    const voice = document.getElementById(button.dataset.tells);
    button.hidden = false;
    button.addEventListener("click", () =>
      copy(source).then(
        () => (voice.textContent = button.dataset.copied),
        () => (voice.textContent = button.dataset.refused),
      ),
    );
  }
})();
