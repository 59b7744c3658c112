"use strict";
// Feature maps of the image that is chosen; at first of the first one.
(() => {
  for (const root of document.querySelectorAll(".maps")) {
    const pics = [...root.querySelectorAll(".pic")], sheets = root.querySelectorAll(".sheet");
    function choose(chosen) {
      pics.forEach((pic, k) => pic.setAttribute("aria-pressed", k === chosen));
      sheets.forEach((sheet) => sheet.style.setProperty("--k", chosen));
    }
    pics.forEach((pic, k) => pic.addEventListener("click", () => choose(k)));
    choose(0);
  }
})();
