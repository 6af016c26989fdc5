// Says below the button what became of a passkey or security key that was not used: the browser's own window tells nothing
// once it is closed. allauth sends the event; the words stand in the page, in the person's language.
(() => {
  "use strict";

  const voice = document.createElement("div");
  voice.setAttribute("role", "alert");
  voice.className = "key-told";

  for (const button of document.querySelectorAll("[id^=mfa_webauthn_], #passkey_login")) {
    button.addEventListener("click", () => {
      voice.replaceChildren();
      (button.closest(".actions") ?? button).after(voice);
    });
  }

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const known = event.detail.exception?.name === "InvalidStateError";
    const words = document.getElementById(known ? "key-known" : "key-failed");
    voice.replaceChildren(words.content.cloneNode(true));
    voice.scrollIntoView({ block: "nearest" }); // on a phone it stands below what is seen
  });
})();
