/* A search box is called by its field's label and by what it holds. Select2 makes what it holds a text field without a name. */
(() => {
  const name = () => {
    for (const shown of document.querySelectorAll(".select2-selection__rendered[role=textbox]")) {
      shown.removeAttribute("role");
      shown.removeAttribute("aria-readonly");
      const select = shown.closest(".select2-container").previousElementSibling;
      const label = select && select.id && document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      if (!label) continue;
      label.id = label.id || `${select.id}_label`;
      shown.parentElement.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
    }
  };
  document.addEventListener("DOMContentLoaded", () => setTimeout(name));
  window.addEventListener("load", name);
  document.addEventListener("formset:added", () => setTimeout(name));
})();
